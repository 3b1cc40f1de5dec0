using Beep.Host.Audit;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.Sessions;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Identity.External.Sessions;

/// <summary>
/// Renews the tokens of the provider's sessions before they run out, each by one host at a time, and with them what their users
/// may do. Who is no more let in there is let out here; a provider that is away is waited for until the access token has expired.
/// </summary>
internal sealed partial class ExternalRefresher(
    Hosting.Settings.HostOptions options, ExternalSessions external, ExternalAccounts accounts, ProviderDirectory directory, ProviderClient client, SessionService sessions, UsedOnceTable used, TimeProvider time, ILogger<ExternalRefresher> logger) : BackgroundService
{
    /// <summary>How many are asked for at once.</summary>
    public const int AtATime = 4;
    private const int RoundsPerSweep = 12;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(20);

    /// <summary>One round, until none is due that no other host is at.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var stranger in await external.ListOthersAsync(options.IdentityServer.Issuer, cancellationToken))
        {
            await sessions.EndAsync(stranger, AuditActors.System, "provider_changed", cancellationToken);
        }

        await Task.WhenAll(Enumerable.Range(0, AtATime).Select(async _ =>
        {
            // Claimed one by one: a claim that waits for its turn runs out, and another host spends the same refresh token.
            while (await external.ClaimAsync(cancellationToken) is var (row, tokens))
            {
                await RefreshAsync(row, tokens, cancellationToken);
            }
        }));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        for (var round = 1; await timer.WaitForNextTickAsync(stoppingToken); round++)
        {
            try
            {
                await RefreshAsync(stoppingToken);
                if (round % RoundsPerSweep == 0)
                {
                    await used.SweepAsync(stoppingToken);
                }
            }
#pragma warning disable CA1031 // Whatever fails, the next round tries again.
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Log.Failed(logger, error);
            }
#pragma warning restore CA1031
        }
    }

    private async Task RefreshAsync(ExternalSession row, ExternalTokens? tokens, CancellationToken cancellationToken)
    {
        try
        {
            if (tokens?.RefreshToken is not { } refreshToken)
            {
                throw new ProviderException("tokens_lost", "The tokens of the session cannot be read any more.");
            }

            var provider = (await directory.GetAsync(cancellationToken)).Document;
            // To the end even where this host stops meanwhile, and kept before anything else is asked: the one that was used is good no more.
            var fresh = await client.RefreshAsync(provider, refreshToken, CancellationToken.None);
            var kept = new ExternalTokens(fresh.AccessToken, fresh.IdToken ?? tokens.IdToken, fresh.RefreshToken ?? refreshToken);
            var expiresAt = fresh.Lifetime is { } lifetime ? time.GetUtcNow() + lifetime : (DateTimeOffset?)null;
            await external.RenewAsync(row.SessionId, kept, expiresAt, CancellationToken.None);
            row.TokenExpiresAt = expiresAt;
            await JudgeAsync(provider, row, fresh, tokens.IdToken, cancellationToken);
        }
        catch (ProviderException error) when (error.IsOutage && (row.TokenExpiresAt is not { } end || time.GetUtcNow() < end))
        {
            Log.Away(logger, row.SessionId, error.Message);
            await external.PostponeAsync(row.SessionId, Again, cancellationToken);
        }
        catch (ProviderException error)
        {
            Log.Ended(logger, row.SessionId, error.Reason, error.Message);
            await sessions.EndAsync(row.SessionId, AuditActors.System, error.Reason, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever fails with one must not keep the others from their turn.
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Log.Failed(logger, error);
            await external.PostponeAsync(row.SessionId, Again, cancellationToken);
        }
#pragma warning restore CA1031
    }

    /// <summary>Still the same user, who may still come in: what the provider says of the user now holds.</summary>
    private async Task JudgeAsync(ProviderDocument provider, ExternalSession row, ProviderTokens fresh, string? oldToken, CancellationToken cancellationToken)
    {
        var signed = fresh.IdToken is null ? null : await SignedToken.VerifyAsync(fresh.IdToken, directory, cancellationToken);
        if (signed is not null)
        {
            var renewed = IdTokenRules.Judge(signed, row.Issuer, options.IdentityServer.ClientId!, nonce: null, fresh.AccessToken, time.GetUtcNow());
            if (renewed.Subject != row.Subject)
            {
                throw new ProviderException("refresh_of_another", "The refreshed ID token is of another subject.");
            }
        }

        var user = await client.ReadUserAsync(provider, fresh.AccessToken, row.Subject, cancellationToken);
        if (signed is null && user is null)
        {
            return;
        }

        var claims = signed?.Claims ?? (oldToken is null ? user!.Value : SignedToken.ReadKept(oldToken));
        await accounts.AdmitAsync(new ProviderIdentity(row.Issuer, row.Subject, row.ProviderSession, claims), user, cancellationToken, isKnown: true);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The provider's sessions could not be renewed; the next round tries again.")]
        public static partial void Failed(ILogger logger, Exception error);

        [LoggerMessage(2, LogLevel.Warning, "The session {Session} could not be renewed and goes on for now: {Message}")]
        public static partial void Away(ILogger logger, string session, string message);

        [LoggerMessage(3, LogLevel.Information, "The session {Session} ends ({Reason}): {Message}")]
        public static partial void Ended(ILogger logger, string session, string reason, string message);
    }
}
