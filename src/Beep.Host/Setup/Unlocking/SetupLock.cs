using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Http;
using Beep.Host.Setup.Drafts;

namespace Beep.Host.Setup.Unlocking;

/// <summary>Opens the wizard to who has the token. Wrong ones are counted over all callers, and remembered for the audit log.</summary>
internal sealed class SetupLock(SetupToken token, SetupJournal journal, TimeProvider time)
{
    public const string Header = "X-Setup-Token";
    private const int TriesPerMinute = 5;

    private readonly SlidingLimit _limit = new(TriesPerMinute, time);

    /// <exception cref="HttpFaultException">It stays shut.</exception>
    public void Require(string? text, string? ipAddress)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new HttpFaultException(StatusCodes.Status401Unauthorized, new Fault("setup_token_needed", "The setup token is missing.", $"Send it in the header {Header}. It was printed when the server started and lies in the file setup-token of the home.", Header));
        }

        if (_limit.Wait() is { } wait)
        {
            throw HttpFaultException.TooMany("Too many wrong setup tokens were tried.", wait);
        }

        if (!token.Matches(text))
        {
            if (_limit.Take() is { } busy)
            {
                throw HttpFaultException.TooMany("Too many wrong setup tokens were tried.", busy);
            }

            journal.Add(SetupActions.TokenRefused, ipAddress, outcome: AuditOutcome.Refused);
            throw new HttpFaultException(StatusCodes.Status401Unauthorized, new Fault("wrong_setup_token", "This is not the setup token.", "Copy it from the console or from the file setup-token in the home; each start of the server makes a new one.", Header));
        }

        RequireAlive();
    }

    /// <summary>For a page that is open since before.</summary>
    /// <exception cref="HttpFaultException">The token has become too old.</exception>
    public void RequireAlive()
    {
        if (token.IsExpired)
        {
            throw new HttpFaultException(StatusCodes.Status401Unauthorized, new Fault("setup_token_expired", $"The setup token is older than {SetupToken.Lifetime.TotalHours:0} hours.", "Restart the server: it makes a new one.", Header));
        }
    }
}
