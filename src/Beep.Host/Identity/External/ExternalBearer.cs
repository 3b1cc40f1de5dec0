using System.Security.Cryptography;
using System.Text;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.External;

/// <summary>
/// Takes access tokens of the provider for the API (RFC 9068, RFC 8725): signed by it, for the audience and with the scope that the
/// settings name. Whom it vouches for has the role that the token's claims map to; a caller that was never seen is added.
/// </summary>
internal sealed class ExternalBearer(HostOptions options, ProviderDirectory directory, ExternalAccounts accounts, HostDatabase database, TimeProvider time)
{
    private const string AccessToken = "at+jwt";
    private static readonly TimeSpan Skew = IdTokenRules.Skew;

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
        // An ID token names the client as its audience, and has a nonce where it came from a sign-in.
        if (!audience.Contains(settings.ApiAudience, StringComparer.Ordinal) || claims.TryGetProperty("nonce", out _))
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

        var userId = await accounts.AdmitAsync(new ProviderIdentity(settings.Issuer, subject, null, claims), null, cancellationToken);
        await using var context = database.CreateContext();
        var standing = await Standing.ReadAsync(context, userId, cancellationToken) ?? throw new ProviderException("inactive_user", "The user is gone.");
        return PrincipalFactory.OfExternalToken(standing, "jwt-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(subject)))[..12]);
    }
}
