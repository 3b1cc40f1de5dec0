using System.Text.Json;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>Whose sessions a provider wants ended.</summary>
/// <param name="Subject">All of this subject, unless a session is named.</param>
/// <param name="SessionId">This one.</param>
/// <param name="TokenId">Of the demand itself: each is heeded once.</param>
/// <param name="ExpiresAt">Until when the demand could come again.</param>
internal sealed record LogoutDemand(string? Subject, string? SessionId, string TokenId, DateTimeOffset ExpiresAt);

/// <summary>What a logout token must hold (OpenID Connect Back-Channel Logout 1.0, section 2.4 and 2.6).</summary>
internal static class LogoutTokenRules
{
    private const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
    private const string Type = "logout+jwt";
    private const int LongestId = 255;

    // The standard asks for no more than two minutes; what names no end is good for as long.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    /// <exception cref="ProviderException">One of the rules is broken; the first one found.</exception>
    public static LogoutDemand Judge(SignedToken token, string issuer, string clientId, DateTimeOffset now)
    {
        var claims = token.Claims;
        if (!string.IsNullOrEmpty(token.Type) && !token.Type.Equals(Type, StringComparison.OrdinalIgnoreCase) && !token.Type.Equals("JWT", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProviderException("wrong_type", "The token is of another type than a logout token.");
        }

        IdTokenRules.RequireIssuer(claims, issuer);
        if (!claims.Texts("aud").Contains(clientId, StringComparer.Ordinal))
        {
            throw new ProviderException("wrong_audience", "The logout token is for somebody else.");
        }

        var issued = claims.Instant("iat") ?? throw new ProviderException("no_issue_time", "The logout token does not say when it was made.");
        var expires = claims.Instant("exp") ?? issued + Lifetime;
        if (issued > now + IdTokenRules.Skew || issued < now - IdTokenRules.OldestIssue || expires <= now - IdTokenRules.Skew)
        {
            throw new ProviderException("expired", "The logout token is not of now.");
        }

        if (!claims.TryGetProperty("events", out var events) || events.ValueKind != JsonValueKind.Object || !events.TryGetProperty(LogoutEvent, out var happened) || happened.ValueKind != JsonValueKind.Object)
        {
            throw new ProviderException("no_logout_event", "The token is of no logout.");
        }

        if (claims.TryGetProperty("nonce", out _))
        {
            throw new ProviderException("nonce_present", "The token has a nonce: it is an ID token and no logout token.");
        }

        var (subject, session, id) = (claims.Text("sub"), claims.Text("sid"), claims.Text("jti"));
        if (string.IsNullOrEmpty(subject) && string.IsNullOrEmpty(session))
        {
            throw new ProviderException("nobody_named", "The logout token names neither a subject nor a session.");
        }

        return id is { Length: > 0 and <= LongestId }
            ? new LogoutDemand(subject, session, id, expires + IdTokenRules.Skew)
            : throw new ProviderException("no_token_id", "The logout token has no id by which it could be known again.");
    }
}
