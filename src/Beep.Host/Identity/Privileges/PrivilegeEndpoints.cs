using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Identity.Privileges;

/// <summary>/api/v1/privileges: for who may everything, and for who administers the one thing.</summary>
internal static class PrivilegeEndpoints
{
    public static void MapPrivileges(this IEndpointRouteBuilder routes)
    {
        var privileges = routes.MapGroup("/api/v1/privileges").WithTags("Privileges");
        privileges.MapGet("", ListAsync).RequireSignedIn().WithName("ListPrivileges").WithSummary("Lists the privileges on a thing; all of them for who may everything.");
        privileges.MapPost("", GrantAsync).RequireSignedIn().RequireElevation(allowsTokens: true).WithName("GrantPrivilege").WithSummary("Gives a user or a group a privilege on a thing that the caller administers.");
        privileges.MapDelete("{id:long}", RevokeAsync).RequireSignedIn().RequireElevation(allowsTokens: true).WithName("RevokePrivilege").WithSummary("Takes a privilege away.");
    }

    private static async Task<Ok<Page<PrivilegeView>>> ListAsync([AsParameters] PageRequest page, string? resource_type, string? resource_id, PrivilegeService privileges, HttpContext context, CancellationToken cancellationToken)
    {
        await RequireAdminAsync(privileges, context, resource_type ?? "", resource_id ?? "", cancellationToken);
        return TypedResults.Ok(await privileges.ListAsync(page, resource_type, resource_id, cancellationToken));
    }

    private static async Task<Created<PrivilegeView>> GrantAsync(NewPrivilege wanted, PrivilegeService privileges, HttpContext context, CancellationToken cancellationToken)
    {
        await RequireAdminAsync(privileges, context, wanted.ResourceType, wanted.ResourceId, cancellationToken);
        var granted = await privileges.GrantAsync(Grantor.Of(context), wanted, cancellationToken);
        return TypedResults.Created($"/api/v1/privileges/{granted.Id}", granted);
    }

    private static async Task<NoContent> RevokeAsync(long id, PrivilegeService privileges, HttpContext context, CancellationToken cancellationToken)
    {
        var found = await privileges.FindAsync(id, cancellationToken);
        await RequireAdminAsync(privileges, context, found?.ResourceType ?? "", found?.ResourceId ?? "", cancellationToken);
        await privileges.RevokeAsync(Grantor.Of(context), id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task RequireAdminAsync(PrivilegeService privileges, HttpContext context, string type, string id, CancellationToken cancellationToken)
    {
        if (!await privileges.AllowsAsync(context.User, type, id, AccessLevel.Admin, cancellationToken))
        {
            throw HttpFaultException.NotFound("no_resource", "There is no such thing that you administer.", "Ask who does.");
        }
    }
}
