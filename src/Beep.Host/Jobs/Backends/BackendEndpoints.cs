using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Jobs.Backends;

/// <summary><c>/api/v1/finetune/backends</c>.</summary>
internal static class BackendEndpoints
{
    private const string Root = "/api/v1/finetune/backends";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var backends = routes.MapGroup(Root).WithTags("backends");
        backends.MapGet("/", ListAsync).RequirePermission(Permissions.FinetuneRead).WithName("ListBackends").WithSummary("The workers that were registered beside those that ship; how they are started is shown to who holds system:admin.");
        backends.MapGet("/{name}", GetAsync).RequirePermission(Permissions.FinetuneRead).WithName("GetBackend").WithSummary("One registered worker.");
        backends.MapPut("/{name}", SetAsync).RequirePermission(Permissions.SystemAdmin).RequireElevation(allowsTokens: true).WithName("SetBackend").WithSummary("Registers a program or a container image as a worker, or replaces what is registered.");
        backends.MapDelete("/{name}", DeleteAsync).RequirePermission(Permissions.SystemAdmin).RequireElevation(allowsTokens: true).WithName("DeleteBackend").WithSummary("Takes a registered worker away; not while jobs that wait or run name it.");
    }

    private static async Task<Ok<Page<BackendView>>> ListAsync([AsParameters] PageRequest page, ClaimsPrincipal user, BackendService backends, CancellationToken cancellationToken) =>
        TypedResults.Ok(await backends.ListAsync(page, user.Holds(Permissions.SystemAdmin), cancellationToken));

    private static async Task<Ok<BackendView>> GetAsync(string name, ClaimsPrincipal user, BackendService backends, CancellationToken cancellationToken) =>
        TypedResults.Ok(await backends.GetAsync(name, user.Holds(Permissions.SystemAdmin), cancellationToken));

    private static async Task<Results<Created<BackendView>, Ok<BackendView>>> SetAsync(string name, BackendChange change, HttpContext http, BackendService backends, CancellationToken cancellationToken)
    {
        var (backend, isNew) = await backends.SetAsync(name, change, AuditActors.Of(http), cancellationToken);
        return isNew ? TypedResults.Created($"{Root}/{name}", backend) : TypedResults.Ok(backend);
    }

    private static async Task<NoContent> DeleteAsync(string name, HttpContext http, BackendService backends, CancellationToken cancellationToken)
    {
        await backends.DeleteAsync(name, AuditActors.Of(http), cancellationToken);
        return TypedResults.NoContent();
    }
}
