using System.Text.Encodings.Web;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External;
using Beep.Host.Identity.External.Protocol;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Beep.Host.Identity.Tokens;

/// <summary>Authorization: Bearer, once; whatever else is in that header is refused, and the cookie is not asked then.</summary>
internal sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenService tokens, ExternalBearer external, IdentityMeters meters)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private const string Bearer = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var headers = Request.Headers.Authorization;
        if (headers.Count != 1 || headers[0] is not { } header || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticateResult.Fail("There is not exactly one Authorization: Bearer header.");
        }

        var text = header[Bearer.Length..].Trim();
        if (external.IsOn && !text.StartsWith(TokenText.Prefix, StringComparison.Ordinal))
        {
            return await WithProviderAsync(text);
        }

        var principal = await tokens.AuthenticateAsync(text, Context.RequestAborted);
        return principal is null ? AuthenticateResult.Fail("The token is unknown, revoked or expired.") : AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name));
    }

    private async Task<AuthenticateResult> WithProviderAsync(string text)
    {
        try
        {
            return AuthenticateResult.Success(new AuthenticationTicket(await external.AuthenticateAsync(text, Context.RequestAborted), Scheme.Name));
        }
        catch (ProviderException error)
        {
            meters.SignedIn(error.Reason);
            return AuthenticateResult.Fail("The token is not one of the provider's for this API.");
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        AccessResultHandler.Challenge(Context);
        return Task.CompletedTask;
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        AccessResultHandler.Forbid(Context, []);
        return Task.CompletedTask;
    }
}
