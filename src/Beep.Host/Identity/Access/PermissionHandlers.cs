using System.Globalization;
using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Microsoft.AspNetCore.Authorization;

namespace Beep.Host.Identity.Access;

internal sealed class PermissionHandler : AuthorizationHandler<PermissionRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        if (context.User.Holds(requirement.Permission))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}

internal sealed class ElevationHandler(TimeProvider time) : AuthorizationHandler<ElevationRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ElevationRequirement requirement)
    {
        var isToken = context.User.HasClaim(claim => claim.Type == ClaimNames.TokenId);
        if (isToken ? requirement.AllowsTokens : IsElevated(context.User, time.GetUtcNow()))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    public static bool IsElevated(ClaimsPrincipal user, DateTimeOffset now) =>
        long.TryParse(user.FindFirstValue(ClaimNames.ElevatedUntil), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && now.UtcTicks < ticks;
}
