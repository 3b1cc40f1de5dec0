using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Beep.Host.Identity.Sessions;

/// <summary>The cookie's text is the secret itself: there is nothing in it to read or to forge.</summary>
internal sealed class SessionCookieFormat(string scheme) : ISecureDataFormat<AuthenticationTicket>
{
    // Under which the cookie handler looks for the key of its store.
    private const string KeyClaim = "Microsoft.AspNetCore.Authentication.Cookies-SessionId";

    public string Protect(AuthenticationTicket data) => data.Principal.FindFirstValue(KeyClaim)!;

    public string Protect(AuthenticationTicket data, string? purpose) => Protect(data);

    public AuthenticationTicket? Unprotect(string? protectedText) =>
        SessionSecret.IsOne(protectedText) ? new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(KeyClaim, protectedText!)], scheme)), scheme) : null;

    public AuthenticationTicket? Unprotect(string? protectedText, string? purpose) => Unprotect(protectedText);
}

/// <summary>Writes the secret that the store has drawn in this request. The cookie handler would keep the one that the browser came with.</summary>
internal sealed class SessionCookieManager : ICookieManager
{
    private static readonly object FreshSecret = new();

    public static void Hand(HttpContext context, string secret) => context.Items[FreshSecret] = secret;

    public string? GetRequestCookie(HttpContext context, string key) => context.Request.Cookies[key];

    public void AppendResponseCookie(HttpContext context, string key, string? value, CookieOptions options) =>
        context.Response.Cookies.Append(key, context.Items[FreshSecret] as string ?? value ?? "", options);

    public void DeleteCookie(HttpContext context, string key, CookieOptions options) => context.Response.Cookies.Delete(key, options);
}
