using System.Net.Mime;
using Beep.Contracts;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Sessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Beep.Host.Identity.Access;

/// <summary>What a refusal looks like: a fault for programs, another page for people.</summary>
internal sealed class AccessResultHandler : IAuthorizationMiddlewareResultHandler
{
    public const string SignInPage = "/sign-in";
    public const string SignedOutPage = SignInPage + "?notice=" + SessionProperties.SignedOut;
    public const string PasswordPage = "/account/password";
    public const string ElevationPage = "/account/elevate";

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            return next(context);
        }

        if (authorizeResult.Challenged)
        {
            Challenge(context);
            return Task.CompletedTask;
        }

        Forbid(context, authorizeResult.AuthorizationFailure?.FailedRequirements.ToList() ?? []);
        return Task.CompletedTask;
    }

    /// <summary>Whether the caller is a program, for which a redirect is no answer.</summary>
    public static bool WantsFault(HttpRequest request) =>
        request.Path.StartsWithSegments("/api") || request.Path.StartsWithSegments("/v1") || request.Path.StartsWithSegments("/hubs") || request.Path.StartsWithSegments("/_blazor")
        || request.Headers.Accept.ToString() is var accept && accept.Contains(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase) && !accept.Contains(MediaTypeNames.Text.Html, StringComparison.OrdinalIgnoreCase);

    /// <summary>Nobody is signed in.</summary>
    public static void Challenge(HttpContext context)
    {
        if (!WantsFault(context.Request))
        {
            context.Response.Redirect(SignInPage + LocalUrls.QueryFor(context.Request));
            return;
        }

        // Set late: whoever writes the fault clears the answer first.
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Task.CompletedTask;
        });
        throw new HttpFaultException(StatusCodes.Status401Unauthorized, new Fault("not_signed_in", "Nobody is signed in.", "Sign in, or send an API token as Authorization: Bearer."));
    }

    /// <summary>Somebody is, and may not.</summary>
    public static void Forbid(HttpContext context, IReadOnlyList<IAuthorizationRequirement> failed)
    {
        var isPage = !WantsFault(context.Request);
        if (failed.OfType<PasswordCurrentRequirement>().Any())
        {
            if (isPage)
            {
                context.Response.Redirect(PasswordPage + LocalUrls.QueryFor(context.Request));
                return;
            }

            throw HttpFaultException.Forbidden("password_change_required", "The password must be changed before anything else.", $"Change it at {PasswordPage}.");
        }

        if (failed.OfType<PermissionRequirement>().FirstOrDefault() is { } missing)
        {
            throw HttpFaultException.Forbidden("not_allowed", $"This needs the permission '{missing.Permission}'.", "Ask an administrator for it.");
        }

        if (failed.OfType<ElevationRequirement>().Any())
        {
            if (isPage)
            {
                context.Response.Redirect(ElevationPage + LocalUrls.QueryFor(context.Request));
                return;
            }

            throw HttpFaultException.Forbidden("elevation_required", "This needs the password again; no API token will do.", $"Show it at {ElevationPage}, then repeat within ten minutes.");
        }

        throw HttpFaultException.Forbidden("not_allowed", "You may not do this.", "Ask an administrator.");
    }
}
