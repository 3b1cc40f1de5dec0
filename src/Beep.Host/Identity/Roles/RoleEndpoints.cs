using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Roles;

/// <summary>/api/v1/roles.</summary>
internal static class RoleEndpoints
{
    public static void MapRoles(this IEndpointRouteBuilder routes)
    {
        var roles = routes.MapGroup("/api/v1/roles").WithTags("Roles");
        roles.MapGet("", ListAsync).RequirePermission(Permissions.UsersManage).WithName("ListRoles").WithSummary("Lists roles.");
        roles.MapPost("", CreateAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("CreateRole").WithSummary("Makes a role of permissions that the caller holds.");
        roles.MapGet("{id:long}", GetAsync).RequirePermission(Permissions.UsersManage).WithName("GetRole").WithSummary("Shows a role.");
        roles.MapPatch("{id:long}", UpdateAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("UpdateRole").WithSummary("Changes a role that does not come with the product.");
        roles.MapDelete("{id:long}", DeleteAsync).RequirePermission(Permissions.UsersManage).RequireElevation(allowsTokens: true).WithName("DeleteRole").WithSummary("Deletes a role that nobody has.");
    }

    private static async Task<Ok<Page<RoleView>>> ListAsync([AsParameters] PageRequest page, RoleService roles, CancellationToken cancellationToken) => TypedResults.Ok(await roles.ListAsync(page, cancellationToken));

    private static async Task<Created<RoleView>> CreateAsync(NewRole wanted, RoleService roles, HttpContext context, CancellationToken cancellationToken)
    {
        var made = await roles.CreateAsync(Grantor.Of(context), wanted, cancellationToken);
        return TypedResults.Created($"/api/v1/roles/{made.Id}", made);
    }

    private static async Task<Ok<RoleView>> GetAsync(long id, RoleService roles, CancellationToken cancellationToken) => TypedResults.Ok(await roles.GetAsync(id, cancellationToken));

    private static async Task<Ok<RoleView>> UpdateAsync(long id, RoleChange change, RoleService roles, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(await roles.UpdateAsync(Grantor.Of(context), id, change, cancellationToken));

    private static async Task<NoContent> DeleteAsync(long id, RoleService roles, HttpContext context, CancellationToken cancellationToken)
    {
        await roles.DeleteAsync(Grantor.Of(context), id, cancellationToken);
        return TypedResults.NoContent();
    }
}
