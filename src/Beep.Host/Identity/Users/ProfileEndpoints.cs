using System.Security.Claims;
using System.Text.Json.Serialization;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Users;

/// <summary>Who the caller is and what the caller may do now.</summary>
internal sealed record ProfileView
{
    public required UserView User { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    public required IReadOnlyList<string> Permissions { get; init; }

    /// <summary>Until when the session may do what needs the password again.</summary>
    public DateTimeOffset? ElevatedUntil { get; init; }
}

/// <summary>What is absent stays, an empty text takes away.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ProfileChange
{
    public string? Email { get; init; }

    public string? DisplayName { get; init; }
}

internal sealed record PermissionView(string Name, string Description);

/// <summary>/api/v1/profile and /api/v1/permissions.</summary>
internal static class ProfileEndpoints
{
    public static void MapProfile(this IEndpointRouteBuilder routes)
    {
        var profile = routes.MapGroup("/api/v1/profile").WithTags("Profile");
        profile.MapGet("", GetAsync).RequireSignedIn().WithMetadata(new AllowBeforePasswordChangeAttribute()).WithName("GetProfile").WithSummary("Shows who calls and what the caller may do.");
        profile.MapPatch("", UpdateAsync).RequireSignedIn().WithMetadata(new AllowBeforePasswordChangeAttribute()).WithName("UpdateProfile").WithSummary("Changes the own address and display name.");
        routes.MapGet("/api/v1/permissions", ListPermissions).RequireSignedIn().WithTags("Roles").WithName("ListPermissions").WithSummary("Lists what a role can hold.");
    }

    private static async Task<Ok<ProfileView>> GetAsync(UserService users, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(View(await users.GetAsync(context.User.RequireUserId(), cancellationToken), context.User));

    private static async Task<Ok<ProfileView>> UpdateAsync(ProfileChange change, UserService users, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(View(await users.UpdateOwnAsync(Grantor.Of(context), change.Email, change.DisplayName, cancellationToken), context.User));

    private static Ok<IReadOnlyList<PermissionView>> ListPermissions() =>
        TypedResults.Ok<IReadOnlyList<PermissionView>>([.. Permissions.All.Select(known => new PermissionView(known.Key, known.Value))]);

    private static ProfileView View(UserView user, ClaimsPrincipal caller) => new()
    {
        User = user,
        Roles = [.. caller.FindAll(ClaimNames.Role).Select(claim => claim.Value)],
        Permissions = [.. caller.FindAll(ClaimNames.Permission).Select(claim => claim.Value).Order(StringComparer.Ordinal)],
        ElevatedUntil = long.TryParse(caller.FindFirstValue(ClaimNames.ElevatedUntil), out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
    };
}
