namespace Beep.Host.Identity.External.Protocol;

/// <summary>Something that came from a provider, or from a browser in its name, is not as it must be.</summary>
/// <param name="reason">A stable word for the audit log and the meters, in snake_case: <c>wrong_issuer</c>.</param>
/// <param name="message">For the server's log; it quotes no token, code or secret.</param>
/// <param name="inner">What it came from.</param>
internal sealed class ProviderException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason => reason;

    /// <summary>The provider did not answer, or not in time: trying again may help.</summary>
    public bool IsOutage { get; init; }

    public static ProviderException Outage(string message, Exception? inner = null) => new("provider_unreachable", message, inner) { IsOutage = true };
}
