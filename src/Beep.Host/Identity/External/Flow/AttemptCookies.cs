using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Protocol;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Flow;

/// <summary>
/// Keeps attempts in the browser that makes them, one encrypted cookie each, so that several tabs finish and no other browser can.
/// A state that has come back is remembered by all hosts for as long as it could come again.
/// </summary>
internal sealed class AttemptCookies(IDataProtectionProvider protection, UsedOnceTable used, HostOptions options, TimeProvider time)
{
    private const string Prefix = "beep-attempt-";
    private const int NameLength = 12;
    private const int MostAtATime = 5;

    // Encrypted, no page reads it; the usual one writes each & of an address in six characters, and browsers keep no cookie of more than 4096.
    private static readonly JsonSerializerOptions Short = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IDataProtector _protector = protection.CreateProtector("Beep.Host.Identity.External.Attempts", "v1");

    private bool IsHttps => options.PublicUrl?.Scheme == Uri.UriSchemeHttps;

    /// <summary>Leaves an attempt in the browser; the oldest go where there are too many.</summary>
    public void Keep(HttpContext context, SignInAttempt attempt)
    {
        var others = context.Request.Cookies.Where(cookie => cookie.Key.StartsWith(FullPrefix, StringComparison.Ordinal)).Select(cookie => (cookie.Key, Read(cookie.Key, cookie.Value)))
            .OrderByDescending(cookie => cookie.Item2?.StartedAt ?? DateTimeOffset.MinValue).Skip(MostAtATime - 1);
        foreach (var (name, _) in others)
        {
            context.Response.Cookies.Delete(name, Shape());
        }

        var shape = Shape();
        shape.MaxAge = SignInAttempt.Lifetime;
        var cookie = NameOf(attempt.State);
        context.Response.Cookies.Append(cookie, Base64UrlEncoder.Encode(_protector.CreateProtector(cookie).Protect(JsonSerializer.SerializeToUtf8Bytes(attempt, Short))), shape);
    }

    /// <summary>The attempt of a state, once, in the browser that made it; null with the reason otherwise.</summary>
    public async Task<(SignInAttempt? Attempt, string? Reason)> TakeAsync(HttpContext context, string? state, CancellationToken cancellationToken)
    {
        if (state is not { Length: 43 } || !state.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            return (null, "bad_state");
        }

        var name = NameOf(state);
        var attempt = context.Request.Cookies[name] is { } value ? Read(name, value) : null;
        context.Response.Cookies.Delete(name, Shape());
        if (attempt is null || !CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(attempt.State), System.Text.Encoding.ASCII.GetBytes(state)))
        {
            return (null, await used.WasUsedAsync(UsedOnceTable.State, state, cancellationToken) ? "state_used" : "state_of_another_browser");
        }

        if (time.GetUtcNow() - attempt.StartedAt > SignInAttempt.Lifetime)
        {
            return (null, "state_expired");
        }

        // Until the cookie is too old for it on a host whose clock is behind, too.
        return await used.UseAsync(UsedOnceTable.State, state, attempt.StartedAt + SignInAttempt.Lifetime + IdTokenRules.Skew, cancellationToken) ? (attempt, null) : (null, "state_used");
    }

    private SignInAttempt? Read(string name, string value)
    {
        try
        {
            return JsonSerializer.Deserialize<SignInAttempt>(_protector.CreateProtector(name).Unprotect(Base64UrlEncoder.DecodeBytes(value)));
        }
        catch (Exception error) when (error is CryptographicException or FormatException or JsonException)
        {
            return null;
        }
    }

    private string FullPrefix => IsHttps ? "__Host-" + Prefix : Prefix;

    private string NameOf(string state) => FullPrefix + state[..NameLength];

    /// <summary>Lax: the provider sends the browser back from another site.</summary>
    private CookieOptions Shape() => new() { HttpOnly = true, Secure = IsHttps, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };
}
