using System.Globalization;
using System.Net.Mime;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Flow;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace Beep.Host.Identity.SignIn;

/// <summary>What the forms of the account pages post to. Each needs the antiforgery token of its page.</summary>
internal static class AccountEndpoints
{
    /// <param name="withPasswords">Whether users sign in with a password of ours.</param>
    public static void MapAccount(this IEndpointRouteBuilder routes, bool withPasswords)
    {
        var account = routes.MapGroup("/account").ExcludeFromDescription();
        account.MapPost("sign-out", SignOutAsync).RequireSignedIn().WithMetadata(new AllowBeforePasswordChangeAttribute()).WithName("SignOut");
        account.MapPost("link", WithLinkAsync).AllowAnonymous().WithName("SignInWithLink");
        if (withPasswords)
        {
            account.MapPost("sign-in", SignInAsync).AllowAnonymous().WithName("SignIn");
            account.MapPost("password", ChangePasswordAsync).RequireSignedIn().WithMetadata(new AllowBeforePasswordChangeAttribute()).WithName("ChangePassword");
            account.MapPost("elevate", ElevateAsync).RequireSignedIn().WithName("Elevate");
        }
    }

    private static Task<IResult> SignInAsync([FromForm] string? username, [FromForm] string? password, [FromForm(Name = LocalUrls.Parameter)] string? returnUrl, SignInService signIn, HttpContext context, CancellationToken cancellationToken) =>
        AnswerAsync(context, AccessResultHandler.SignInPage, returnUrl, () => signIn.WithPasswordAsync(context, username ?? "", password ?? "", cancellationToken));

    private static Task<IResult> WithLinkAsync([FromForm] string? token, [FromForm(Name = LocalUrls.Parameter)] string? returnUrl, SignInService signIn, HttpContext context, CancellationToken cancellationToken) =>
        AnswerAsync(context, AccessResultHandler.SignInPage, returnUrl, () => signIn.WithLinkAsync(context, token ?? "", cancellationToken));

    private static Task<IResult> ChangePasswordAsync([FromForm] string? current, [FromForm(Name = "new")] string? fresh, [FromForm] string? again, [FromForm(Name = LocalUrls.Parameter)] string? returnUrl, SignInService signIn, HttpContext context, CancellationToken cancellationToken) =>
        AnswerAsync(context, AccessResultHandler.PasswordPage, returnUrl, () => signIn.ChangePasswordAsync(context, current ?? "", fresh ?? "", again ?? "", cancellationToken));

    private static Task<IResult> ElevateAsync([FromForm] string? password, [FromForm(Name = LocalUrls.Parameter)] string? returnUrl, SignInService signIn, HttpContext context, CancellationToken cancellationToken) =>
        AnswerAsync(context, AccessResultHandler.ElevationPage, returnUrl, () => signIn.ElevateAsync(context, password ?? "", cancellationToken));

    /// <summary>The form has no fields; it is read all the same, because that is where its antiforgery token is.</summary>
    private static async Task<IResult> SignOutAsync([FromForm(Name = LocalUrls.Parameter)] string? returnUrl, HttpContext context, CancellationToken cancellationToken)
    {
        // The session here ends first and whatever happens; then the provider's.
        var external = context.RequestServices.GetService<ExternalSignOut>();
        var tokens = external is null ? null : await external.FindTokensAsync(context, cancellationToken);
        await context.SignOutAsync(IdentitySchemes.Session);
        var elsewhere = tokens is null ? null : await external!.AddressAsync(context, tokens, context.RequestServices.GetRequiredService<ExternalSignIn>().OriginOf(context.Request), cancellationToken);
        return elsewhere is not null ? ExternalEndpoints.GoTo(elsewhere, "Signing out", "Sign out at your organisation's provider, too") : Results.Redirect(returnUrl is null ? AccessResultHandler.SignedOutPage : LocalUrls.OrHome(returnUrl));
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, string page, string? returnUrl, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (HttpFaultException fault) when (!AccessResultHandler.WantsFault(context.Request))
        {
            return Refuse(context, page, returnUrl, fault);
        }

        var target = LocalUrls.OrHome(returnUrl);
        return ExternalEndpoints.LeadsAway(target) ? ExternalEndpoints.GoTo(target, "Signing in", "Go on to your organisation's provider") : Results.Redirect(target);
    }

    /// <summary>Back to the page, with the code of what was wrong. A browser that must wait is told so by status and header, too.</summary>
    private static IResult Refuse(HttpContext context, string page, string? returnUrl, HttpFaultException fault)
    {
        var target = $"{page}?error={fault.Faults[0].Code}";
        if (LocalUrls.IsLocal(returnUrl))
        {
            target += $"&{LocalUrls.Parameter}={Uri.EscapeDataString(returnUrl!)}";
        }

        if (fault.RetryAfter is not { } wait)
        {
            return Results.Redirect(target);
        }

        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        var encoded = System.Text.Encodings.Web.HtmlEncoder.Default.Encode($"{target}&retry_after={seconds}");
        return Results.Content(
            $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={encoded}\"><title>Please wait</title><p>There were too many attempts. <a href=\"{encoded}\">Try again in {seconds} s.</a></p></html>",
            MediaTypeNames.Text.Html, statusCode: fault.Status);
    }
}
