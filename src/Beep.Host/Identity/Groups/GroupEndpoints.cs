using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Groups;

/// <summary>/api/v1/groups, with who is in them and which roles they carry.</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes)
    {
        var groups = routes.MapGroup("/api/v1/groups").WithTags("Groups");
        groups.MapGet("", ListAsync).RequirePermission(Permissions.GroupsManage).WithName("ListGroups").WithSummary("Lists groups.");
        groups.MapGet("{id:long}", GetAsync).RequirePermission(Permissions.GroupsManage).WithName("GetGroup").WithSummary("Shows a group.");
        groups.MapGet("{id:long}/members", ListMembersAsync).RequirePermission(Permissions.GroupsManage).WithName("ListMembers").WithSummary("Lists who is in a group.");
        Change(groups.MapPost("", CreateAsync), "CreateGroup", "Makes a group.");
        Change(groups.MapPatch("{id:long}", UpdateAsync), "UpdateGroup", "Changes a group; one that is not active gives nothing.");
        Change(groups.MapDelete("{id:long}", DeleteAsync), "DeleteGroup", "Deletes a group.");
        Change(groups.MapPut("{id:long}/members/{userId:long}", AddMemberAsync), "AddMember", "Puts a user into a group.");
        Change(groups.MapDelete("{id:long}/members/{userId:long}", RemoveMemberAsync), "RemoveMember", "Takes a user out of a group.");
        Change(groups.MapPut("{id:long}/roles/{roleId:long}", AddRoleAsync), "AddRoleToGroup", "Gives a role to everybody in a group.");
        Change(groups.MapDelete("{id:long}/roles/{roleId:long}", RemoveRoleAsync), "RemoveRoleFromGroup", "Takes a role from a group.");
    }

    private static void Change(RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.RequirePermission(Permissions.GroupsManage).RequireElevation(allowsTokens: true).WithName(name).WithSummary(summary);

    private static async Task<Ok<Page<GroupView>>> ListAsync([AsParameters] PageRequest page, GroupService groups, CancellationToken cancellationToken) => TypedResults.Ok(await groups.ListAsync(page, cancellationToken));

    private static async Task<Ok<GroupView>> GetAsync(long id, GroupService groups, CancellationToken cancellationToken) => TypedResults.Ok(await groups.GetAsync(id, cancellationToken));

    private static async Task<Ok<Page<MemberView>>> ListMembersAsync(long id, [AsParameters] PageRequest page, GroupService groups, CancellationToken cancellationToken) =>
        TypedResults.Ok(await groups.ListMembersAsync(id, page, cancellationToken));

    private static async Task<Created<GroupView>> CreateAsync(NewGroup wanted, GroupService groups, HttpContext context, CancellationToken cancellationToken)
    {
        var made = await groups.CreateAsync(Grantor.Of(context), wanted, cancellationToken);
        return TypedResults.Created($"/api/v1/groups/{made.Id}", made);
    }

    private static async Task<Ok<GroupView>> UpdateAsync(long id, GroupChange change, GroupService groups, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(await groups.UpdateAsync(Grantor.Of(context), id, change, cancellationToken));

    private static async Task<NoContent> DeleteAsync(long id, GroupService groups, HttpContext context, CancellationToken cancellationToken)
    {
        await groups.DeleteAsync(Grantor.Of(context), id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> AddMemberAsync(long id, long userId, GroupService groups, HttpContext context, CancellationToken cancellationToken)
    {
        await groups.AddMemberAsync(Grantor.Of(context), id, userId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveMemberAsync(long id, long userId, GroupService groups, HttpContext context, CancellationToken cancellationToken)
    {
        await groups.RemoveMemberAsync(Grantor.Of(context), id, userId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> AddRoleAsync(long id, long roleId, GroupService groups, HttpContext context, CancellationToken cancellationToken)
    {
        await groups.AddRoleAsync(Grantor.Of(context), id, roleId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveRoleAsync(long id, long roleId, GroupService groups, HttpContext context, CancellationToken cancellationToken)
    {
        await groups.RemoveRoleAsync(Grantor.Of(context), id, roleId, cancellationToken);
        return TypedResults.NoContent();
    }
}
