using System.Net.Mime;
using System.Text.Encodings.Web;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Tokens;
using Microsoft.AspNetCore.Mvc;

namespace Beep.Host.Identity.External.Flow;

/// <summary>The addresses between this host, browsers and the provider.</summary>
internal static class ExternalEndpoints
{
    public const string Start = "/account/external";
    public const string Link = "/account/external/link";
    public const string Elevate = "/account/external/elevate";

    private const int MostLogoutBytes = 128 << 10;

    public static void MapExternal(this IEndpointRouteBuilder routes)
    {
        var flow = routes.MapGroup("").ExcludeFromDescription();
        flow.MapGet(Start, StartAsync).AllowAnonymous().WithName("SignInWithProvider");
        flow.MapGet(Link, LinkAsync).RequireElevation().WithName("LinkWithProvider");
        flow.MapGet(Elevate, ElevateAsync).RequireSignedIn().WithName("ElevateWithProvider");
        flow.MapGet(ExternalSignIn.Callback, FinishAsync).AllowAnonymous().WithName("ProviderCallback");
        flow.MapGet(ExternalSignOut.Return, Returned).AllowAnonymous().WithName("ProviderSignedOut");
        flow.MapGet(ExternalSignOut.FrontChannel, FrontChannelAsync).AllowAnonymous().WithName("ProviderFrontChannelLogout");
        // The provider itself calls: it has no cookie and no form of ours, and its token proves who it is.
        flow.MapPost(ExternalSignOut.BackChannel, BackChannelAsync).AllowAnonymous().DisableAntiforgery().WithMetadata(new RequestSizeLimitAttribute(MostLogoutBytes)).WithName("ProviderBackChannelLogout");
    }

    /// <summary>Whether an address of ours leads on to the provider.</summary>
    public static bool LeadsAway(string? address) => address?.StartsWith(Start, StringComparison.Ordinal) == true;

    /// <summary>A page that goes on to another site: a form whose answer redirects there is stopped by the browser.</summary>
    public static IResult GoTo(string address, string title, string text)
    {
        var encoded = HtmlEncoder.Default.Encode(address);
        return Results.Content(
            $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={encoded}\"><title>{title}</title><p><a href=\"{encoded}\">{text}</a></p></html>",
            MediaTypeNames.Text.Html);
    }

    private static async Task<IResult> StartAsync([FromQuery(Name = LocalUrls.Parameter)] string? returnUrl, [FromQuery(Name = "switch")] bool? switches, ExternalSignIn signIn, CallbackRate rate, HttpContext context, CancellationToken cancellationToken) =>
        // Each asks the provider for something, or writes a row of a refusal: nobody has that done as often as they like.
        rate.TakeStart(context) is { } wait
            ? throw HttpFaultException.TooMany("There were too many sign-ins from this address.", wait)
            : await GoAsync(context, signIn, () => signIn.StartAsync(context, returnUrl, switches == true ? AttemptPurpose.Switch : AttemptPurpose.SignIn, cancellationToken), cancellationToken);

    private static async Task<IResult> LinkAsync(ExternalSignIn signIn, HttpContext context, CancellationToken cancellationToken) =>
        await GoAsync(context, signIn, () => signIn.StartAsync(context, "/profile", AttemptPurpose.Link, cancellationToken), cancellationToken);

    private static async Task<IResult> ElevateAsync([FromQuery(Name = LocalUrls.Parameter)] string? returnUrl, ExternalSignIn signIn, HttpContext context, CancellationToken cancellationToken) =>
        await GoAsync(context, signIn, () => signIn.StartAsync(context, returnUrl, AttemptPurpose.Elevate, cancellationToken), cancellationToken);

    private static async Task<IResult> GoAsync(HttpContext context, ExternalSignIn signIn, Func<Task<string>> start, CancellationToken cancellationToken)
    {
        try
        {
            return Results.Redirect(await start());
        }
        catch (ProviderException error)
        {
            await signIn.RefuseAsync(context, error, cancellationToken);
            return Refused(context, error.IsOutage ? "provider_away" : "provider_failed");
        }
    }

    private static async Task<IResult> FinishAsync(ExternalSignIn signIn, CallbackRate rate, HttpContext context, CancellationToken cancellationToken)
    {
        if (rate.Take(context) is { } wait)
        {
            throw HttpFaultException.TooMany("There were too many answers of the provider from this address.", wait);
        }

        try
        {
            return Results.Redirect(await signIn.FinishAsync(context, cancellationToken));
        }
        catch (ProviderException)
        {
            // Why, is for who runs the server: an answer that tells helps whoever makes up answers.
            return Refused(context, "provider_failed");
        }
    }

    private static IResult Refused(HttpContext context, string code) => Results.Redirect($"{AccessResultHandler.SignInPage}?error={code}&id={context.TraceIdentifier}");

    private static IResult Returned(string? state, ExternalSignOut signOut, HttpContext context) => Results.Redirect(signOut.Returned(context, state));

    private static async Task<IResult> FrontChannelAsync(string? iss, string? sid, ExternalSignOut signOut, HttpContext context, CancellationToken cancellationToken)
    {
        await signOut.HeedAsync(context, iss, sid, cancellationToken);
        return Results.Content("", MediaTypeNames.Text.Html);
    }

    private static async Task<IResult> BackChannelAsync(ExternalSignOut signOut, CallbackRate rate, HttpContext context, ILogger<ExternalSignOut> logger, CancellationToken cancellationToken)
    {
        if (rate.TakeMany(context) is { } wait)
        {
            throw HttpFaultException.TooMany("There were too many logout tokens from this address.", wait);
        }

        try
        {
            await signOut.HeedAsync(await ReadLogoutTokenAsync(context.Request, cancellationToken), AuditActors.Of(context), cancellationToken);
            return Results.Ok();
        }
        catch (ProviderException error)
        {
            ExternalLog.LogoutRefused(logger, error.Reason, error.Message);
            await signOut.RefuseAsync(context, error, isRecorded: rate.TakeRefusal(context) is null, cancellationToken);
            return Results.Json(new Dictionary<string, string> { ["error"] = "invalid_request" }, statusCode: StatusCodes.Status400BadRequest);
        }
    }

    /// <summary>Null where the body is no form with one token, or too long: that is answered as every other token that is none.</summary>
    private static async Task<string?> ReadLogoutTokenAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return request.HasFormContentType && (await request.ReadFormAsync(cancellationToken))["logout_token"] is [var token] ? token : null;
        }
        catch (Exception error) when (error is BadHttpRequestException or InvalidDataException)
        {
            return null;
        }
    }
}

/// <summary>How often an address may bring answers of the provider, and a provider its logout tokens.</summary>
internal sealed class CallbackRate(TimeProvider time, int perMinute = CallbackRate.PerMinute)
{
    public const int PerMinute = 30;
    private const int ManyPerMinute = 6000;

    private readonly EvenRate _rate = new(perMinute, time);
    private readonly EvenRate _starts = new(perMinute, time);
    private readonly EvenRate _refusals = new(perMinute, time);
    private readonly EvenRate _many = new(ManyPerMinute, time);

    /// <summary>Counts one; how long to wait when it is one too many.</summary>
    public TimeSpan? Take(HttpContext context) => _rate.Take(SignInThrottle.KeyOf(context.Connection.RemoteIpAddress));

    /// <summary>As the other, of those who set out for the provider.</summary>
    public TimeSpan? TakeStart(HttpContext context) => _starts.Take(SignInThrottle.KeyOf(context.Connection.RemoteIpAddress));

    /// <summary>As the other, for one that speaks for many.</summary>
    public TimeSpan? TakeMany(HttpContext context) => _many.Take(SignInThrottle.KeyOf(context.Connection.RemoteIpAddress));

    /// <summary>As the other, of logout tokens that are refused: more than this are not worth a row each.</summary>
    public TimeSpan? TakeRefusal(HttpContext context) => _refusals.Take(SignInThrottle.KeyOf(context.Connection.RemoteIpAddress));
}

internal static partial class ExternalLog
{
    [LoggerMessage(1, LogLevel.Warning, "A logout token was refused ({Reason}): {Message}")]
    public static partial void LogoutRefused(ILogger logger, string reason, string message);
}
