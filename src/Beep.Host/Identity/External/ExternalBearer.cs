using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Protocol;

namespace Beep.Host.Identity.External;

/// <summary>
/// Takes access tokens of the provider for the API (RFC 9068, RFC 8725): signed by it, for the audience and with the scope that the
/// settings name. Whom it vouches for may do what the token's claims map to; a caller that was never seen is added.
/// </summary>
internal sealed class ExternalBearer(HostOptions options, ProviderDirectory directory, ExternalAccounts accounts, TimeProvider time)
{
    private const string AccessToken = "at+jwt";
    private static readonly TimeSpan Skew = IdTokenRules.Skew;

    // Of ID tokens and logout tokens: where the client is its own audience, nothing else tells those from these.
    private static readonly string[] OfOthers = ["nonce", "at_hash", "c_hash", "events"];

    public bool IsOn => options.EnableIdentityServer && options.IdentityServer.ApiAudience is not null;

    /// <summary>Who calls.</summary>
    /// <exception cref="ProviderException">The token is not taken.</exception>
    public async Task<System.Security.Claims.ClaimsPrincipal> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var settings = options.IdentityServer;
        var signed = await SignedToken.VerifyAsync(token, directory, cancellationToken);
        var claims = signed.Claims;
        if (signed.Type is { Length: > 0 } type && !type.Equals(AccessToken, StringComparison.OrdinalIgnoreCase) && !type.Equals("application/" + AccessToken, StringComparison.OrdinalIgnoreCase) && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProviderException("wrong_type", "The token is no access token.");
        }

        IdTokenRules.RequireIssuer(claims, settings.Issuer);
        var subject = IdTokenRules.RequireSubject(claims);
        var (now, audience) = (time.GetUtcNow(), claims.Texts("aud"));
        if (!audience.Contains(settings.ApiAudience, StringComparer.Ordinal) || OfOthers.Any(name => claims.TryGetProperty(name, out _)))
        {
            throw new ProviderException("wrong_audience", "The token is for somebody else.");
        }

        if (claims.Instant("exp") is not { } expires || expires <= now - Skew || claims.Instant("nbf") > now + Skew || claims.Instant("iat") > now + Skew)
        {
            throw new ProviderException("expired", "The token is not of now.");
        }

        var scopes = claims.Texts("scope").Concat(claims.Texts("scp")).SelectMany(scope => scope.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (settings.ApiScope is { } wanted && !scopes.Contains(wanted, StringComparer.Ordinal))
        {
            throw new ProviderException("missing_scope", $"The token does not hold the scope '{wanted}'.");
        }

        var standing = await accounts.RecogniseAsync(new ProviderIdentity(settings.Issuer, subject, null, claims), cancellationToken);
        return PrincipalFactory.OfExternalToken(standing, new ExternalTokenId(standing.User.Id, expires).ToString());
    }
}
