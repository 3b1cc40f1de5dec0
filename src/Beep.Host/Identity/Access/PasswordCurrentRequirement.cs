using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Microsoft.AspNetCore.Authorization;
using RouteData = Microsoft.AspNetCore.Components.RouteData;

namespace Beep.Host.Identity.Access;

/// <summary>That the caller has no password to change first; part of every policy.</summary>
internal sealed record PasswordCurrentRequirement : IAuthorizationRequirement;

/// <summary>On the endpoints and pages that somebody may use who must change the password: changing it, signing out, the own profile.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class AllowBeforePasswordChangeAttribute : Attribute;

/// <summary>Asks nobody to change a password where no password of ours is asked for: there is no page to do it.</summary>
internal sealed class PasswordCurrentHandler(HostOptions options) : AuthorizationHandler<PasswordCurrentRequirement>
{
    // The circuit itself; each page in it is asked for by its own.
    private static readonly PathString Circuits = "/_blazor";

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, PasswordCurrentRequirement requirement)
    {
        if (!options.EnableInternalUsers || !context.User.HasClaim(claim => claim.Type == ClaimNames.MustChangePassword) || IsAllowed(context.Resource))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    private static bool IsAllowed(object? resource) => resource switch
    {
        HttpContext http => http.Request.Path.StartsWithSegments(Circuits) || http.GetEndpoint()?.Metadata.GetMetadata<AllowBeforePasswordChangeAttribute>() is not null,
        RouteData route => route.PageType.IsDefined(typeof(AllowBeforePasswordChangeAttribute), inherit: true),
        _ => false,
    };
}
