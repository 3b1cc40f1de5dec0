using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.Sessions;
using Microsoft.AspNetCore.WebUtilities;

namespace Beep.Host.Identity.External.Flow;

/// <summary>
/// Ends sessions with the provider's: at our wish there too (RP-Initiated Logout 1.0), at its wish here (Back-Channel Logout 1.0), and by
/// the browser only where both names fit (Front-Channel Logout 1.0).
/// </summary>
internal sealed class ExternalSignOut(HostOptions options, ProviderDirectory directory, ExternalSessions external, SessionService sessions, UsedOnceTable used, IdentityWriter writer, IdentityMeters meters, TimeProvider time)
{
    public const string Return = "/signout-callback-oidc";
    public const string FrontChannel = "/signout-oidc";
    public const string BackChannel = "/backchannel-logout";
    public const string StateCookie = "beep-signed-out";
    private const string Reason = "provider_logout";

    /// <summary>What the provider's session left here, as long as ours stands; null where there is none, or it is of another provider.</summary>
    public async Task<ExternalTokens?> FindTokensAsync(HttpContext context, CancellationToken cancellationToken) =>
        context.User.FindFirstValue(ClaimNames.SessionId) is { } session && await external.FindAsync(session, cancellationToken) is var (row, tokens) && row.Issuer == options.IdentityServer.Issuer ? tokens : null;

    /// <summary>Where the browser goes to end the provider's session, too; null where it has no such place. It may be away: end ours first.</summary>
    public async Task<string?> AddressAsync(HttpContext context, ExternalTokens tokens, string origin, CancellationToken cancellationToken)
    {
        try
        {
            if ((await directory.GetAsync(cancellationToken)).Document.EndSessionEndpoint is not { } endpoint)
            {
                return null;
            }

            var state = ProofKey.Create();
            context.Response.Cookies.Append(StateCookie, state, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, Path = Return, MaxAge = SignInAttempt.Lifetime, IsEssential = true });
            var request = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["client_id"] = options.IdentityServer.ClientId,
                ["post_logout_redirect_uri"] = origin + Return,
                ["state"] = state,
            };
            if (tokens.IdToken is not null)
            {
                request["id_token_hint"] = tokens.IdToken;
            }

            return QueryHelpers.AddQueryString(endpoint.AbsoluteUri, request);
        }
        catch (ProviderException)
        {
            // It is away. Our session ends all the same.
            return null;
        }
    }

    /// <summary>Where a browser goes that comes back: where the settings say, if it is one that was sent; home otherwise.</summary>
    public string Returned(HttpContext context, string? state)
    {
        var sent = context.Request.Cookies[StateCookie];
        context.Response.Cookies.Delete(StateCookie, new CookieOptions { Path = Return });
        return sent is not null && sent == state && options.IdentityServer.LogoutRedirect is { } target ? target.AbsoluteUri : AccessResultHandler.SignedOutPage;
    }

    /// <summary>Heeds a logout token, once.</summary>
    /// <exception cref="ProviderException">It is not to be heeded.</exception>
    public async Task HeedAsync(string? token, AuditActor actor, CancellationToken cancellationToken)
    {
        var provider = (await directory.GetAsync(cancellationToken)).Document;
        var signed = await SignedToken.VerifyAsync(token ?? "", directory, cancellationToken);
        var demand = LogoutTokenRules.Judge(signed, provider.Issuer, options.IdentityServer.ClientId!, time.GetUtcNow());
        var id = $"{provider.Issuer} {demand.TokenId}";
        if (await used.WasUsedAsync(UsedOnceTable.LogoutToken, id, cancellationToken))
        {
            throw Repeated();
        }

        // Marked when all is done: a provider whose token met a failure sends it again.
        await EndAsync(provider.Issuer, demand.Subject, demand.SessionId, actor, cancellationToken);
        if (!await used.UseAsync(UsedOnceTable.LogoutToken, id, demand.ExpiresAt + IdTokenRules.Skew, cancellationToken))
        {
            throw Repeated();
        }

        meters.LoggedOut("succeeded");
    }

    /// <summary>Ends the browser's own session where the provider names it, and nobody else's.</summary>
    public async Task HeedAsync(HttpContext context, string? issuer, string? providerSession, CancellationToken cancellationToken)
    {
        if (context.User.FindFirstValue(ClaimNames.SessionId) is { } own && issuer == options.IdentityServer.Issuer && providerSession is { Length: > 0 }
            && (await external.ListAsync(issuer, null, providerSession, cancellationToken)).Contains(own))
        {
            await sessions.EndAsync(own, AuditActors.Of(context), Reason, cancellationToken);
        }
    }

    private async Task EndAsync(string issuer, string? subject, string? providerSession, AuditActor actor, CancellationToken cancellationToken)
    {
        foreach (var session in await external.ListAsync(issuer, subject, providerSession, cancellationToken))
        {
            await sessions.EndAsync(session, actor, Reason, cancellationToken);
        }
    }

    /// <summary>Counts a logout token that is not heeded, and says so in the audit log.</summary>
    public async Task RefuseAsync(HttpContext context, ProviderException error, bool isRecorded, CancellationToken cancellationToken)
    {
        meters.LoggedOut(error.Reason);
        if (isRecorded)
        {
            await writer.RecordAsync(new AuditEntry
            {
                Actor = AuditActors.Of(context),
                Action = "provider_logout_refused",
                ResourceType = "session",
                Outcome = AuditOutcome.Refused,
                CorrelationId = context.TraceIdentifier,
                Details = new AuditDetails { Reason = error.Reason },
            }, cancellationToken);
        }
    }

    private static ProviderException Repeated() => new("token_repeated", "The logout token came before.");
}
