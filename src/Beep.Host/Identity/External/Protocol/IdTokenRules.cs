using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>Whom a provider vouches for.</summary>
/// <param name="Issuer">With the subject, the only thing that says who somebody is.</param>
/// <param name="Subject">At most 255 characters.</param>
/// <param name="SessionId">The provider's name for its session; null where it gives none.</param>
/// <param name="Claims">All that the token says.</param>
internal sealed record ProviderIdentity(string Issuer, string Subject, string? SessionId, JsonElement Claims);

/// <summary>What an ID token must hold (OpenID Connect Core 1.0, sections 2, 3.1.3.7 and 12.2; the figures are security.md's).</summary>
internal static class IdTokenRules
{
    /// <summary>How far clocks may differ.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <summary>How old a token may be that was made for the browser that waits.</summary>
    public static readonly TimeSpan OldestIssue = TimeSpan.FromMinutes(10);

    public const int LongestSubject = 255;

    /// <summary>Judges the token of a sign-in.</summary>
    /// <exception cref="ProviderException">One of the rules is broken; the first one found.</exception>
    public static ProviderIdentity Judge(SignedToken token, string issuer, string clientId, string? nonce, string? accessToken, DateTimeOffset now)
    {
        var claims = token.Claims;
        RequireType(token.Type);
        RequireIssuer(claims, issuer);
        RequireAudience(claims, clientId);
        var subject = RequireSubject(claims);
        RequireTimes(claims, now);
        if (nonce is not null && claims.Text("nonce") != nonce)
        {
            throw new ProviderException("wrong_nonce", "The nonce of the token is missing, or is another than was sent.");
        }

        RequireHash(token, accessToken);
        return new ProviderIdentity(issuer, subject, claims.Text("sid"), claims);
    }

    /// <summary>Absent, empty or JWT: a token of another kind is none of these (RFC 8725, 3.11).</summary>
    private static void RequireType(string? type)
    {
        if (!string.IsNullOrEmpty(type) && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProviderException("wrong_type", "The token is of another type than an ID token.");
        }
    }

    public static void RequireIssuer(JsonElement claims, string issuer)
    {
        if (claims.Text("iss") != issuer)
        {
            throw new ProviderException("wrong_issuer", "The token is of another issuer.");
        }
    }

    /// <summary>We are among those whom it is for; where there are several, or it says so, it was made for us to show.</summary>
    public static void RequireAudience(JsonElement claims, string clientId)
    {
        var audience = claims.Texts("aud");
        var party = claims.Text("azp");
        if (!audience.Contains(clientId, StringComparer.Ordinal))
        {
            throw new ProviderException("wrong_audience", "The token is for somebody else.");
        }

        if ((audience.Count > 1 && party is null) || (claims.TryGetProperty("azp", out _) && party != clientId))
        {
            throw new ProviderException("wrong_party", "The token has several audiences and does not name this host as its authorized party, or names another.");
        }
    }

    public static string RequireSubject(JsonElement claims) =>
        claims.Text("sub") is { Length: > 0 and <= LongestSubject } subject && !subject.Any(char.IsControl)
            ? subject
            : throw new ProviderException("bad_subject", $"The token has no subject of 1 to {LongestSubject} characters.");

    private static void RequireTimes(JsonElement claims, DateTimeOffset now)
    {
        var issued = claims.Instant("iat") ?? throw new ProviderException("no_issue_time", "The token does not say when it was made.");
        var expires = claims.Instant("exp") ?? throw new ProviderException("no_expiry", "The token does not say when it expires.");
        if (issued > now + Skew)
        {
            throw new ProviderException("issued_in_future", "The token was made in the future: the clocks of this host and of the provider differ.");
        }

        if (issued < now - OldestIssue)
        {
            throw new ProviderException("issued_long_ago", "The token is too old.");
        }

        if (expires <= now - Skew)
        {
            throw new ProviderException("expired", "The token has expired.");
        }

        if (claims.Instant("nbf") > now + Skew)
        {
            throw new ProviderException("not_yet_valid", "The token is not valid yet.");
        }
    }

    /// <summary>Where the token names the access token that came with it, it is that one: the left half of its hash (Core, 3.1.3.6).</summary>
    private static void RequireHash(SignedToken token, string? accessToken)
    {
        if (!token.Claims.TryGetProperty("at_hash", out _))
        {
            return;
        }

        var bytes = Encoding.ASCII.GetBytes(accessToken ?? "");
        var hash = token.Algorithm[^3..] switch { "256" => SHA256.HashData(bytes), "384" => SHA384.HashData(bytes), _ => SHA512.HashData(bytes) };
        var wanted = Base64UrlEncoder.Encode(hash[..(hash.Length / 2)]);
        if (accessToken is null || token.Claims.Text("at_hash") != wanted)
        {
            throw new ProviderException("wrong_access_token", "The access token is not the one that the ID token was made with.");
        }
    }
}
