using System.Diagnostics;
using System.Security.Claims;
using System.Text;
using Beep.Host.Audit;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Environments.Api;

/// <summary><c>/api/v1/environments</c>: who sees models reads, who manages environments changes.</summary>
internal static class EnvironmentEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var environments = routes.MapGroup("/api/v1/environments").WithTags("environments");
        environments.MapGet("", ListAsync).RequirePermission(Permissions.ModelsView).WithName("ListEnvironments").WithSummary("Python environments, newest first.");
        environments.MapPost("", CreateAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("CreateEnvironment").WithSummary("Adds an environment of a preset; a task makes and verifies it.");
        environments.MapPost("register", RegisterAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("RegisterEnvironment").WithSummary("Adds somebody else's interpreter, which is never changed; a task verifies it.");
        environments.MapGet("runtimes", RuntimesAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("ListRuntimes").WithSummary("The Pythons that were found on this server; fresh=true looks again.");
        environments.MapGet("presets", Presets).RequirePermission(Permissions.ModelsView).WithName("ListEnvironmentPresets").WithSummary("What environments can be made of, with the pinned requirements.");
        environments.MapGet("{name}", GetAsync).RequirePermission(Permissions.ModelsView).WithName("GetEnvironment").WithSummary("An environment, and what can run in it.");
        environments.MapGet("{name}/packages", PackagesAsync).RequirePermission(Permissions.ModelsView).WithName("ListPackages").WithSummary("The packages of an environment, as its interpreter has them.");
        environments.MapGet("{name}/lock", LockAsync).RequirePermission(Permissions.ModelsView).WithName("GetEnvironmentLock").WithSummary("The lock of an environment: every package with its hashes, as pip reads it.").Produces<string>(contentType: "text/plain");
        environments.MapPost("{name}/verify", VerifyAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("VerifyEnvironment").WithSummary("Has a task import everything and train for two steps.");
        environments.MapPost("{name}/repair", RepairAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("RepairEnvironment").WithSummary("Has a task install anew what differs from the lock.");
        environments.MapDelete("{name}", RemoveAsync).RequirePermission(Permissions.EnvironmentsManage).WithName("RemoveEnvironment").WithSummary("Has a task remove an environment, with its files where they were made here; refused while something uses it.");
    }

    private static async Task<Ok<Page<EnvironmentView>>> ListAsync([AsParameters] PageRequest page, string? search, ClaimsPrincipal user, EnvironmentReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(await reader.ListAsync(search, page, user, cancellationToken));

    private static async Task<Ok<EnvironmentView>> GetAsync(string name, ClaimsPrincipal user, EnvironmentReader reader, CancellationToken cancellationToken) => TypedResults.Ok(await reader.GetAsync(name, user, cancellationToken));

    private static async Task<Ok<Page<InstalledPackage>>> PackagesAsync(string name, string? search, [AsParameters] PageRequest page, EnvironmentReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(await reader.ListPackagesAsync(name, search, page, cancellationToken));

    private static async Task<ContentHttpResult> LockAsync(string name, EnvironmentReader reader, CancellationToken cancellationToken) =>
        TypedResults.Text(await reader.ReadLockAsync(name, cancellationToken), "text/plain", Encoding.UTF8);

    private static async Task<Ok<IReadOnlyList<RuntimeView>>> RuntimesAsync(bool? fresh, RuntimeFinder runtimes, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<RuntimeView>>([.. (await runtimes.ListAsync(fresh == true, cancellationToken)).Select(RuntimeView.Of)]);

    private static Ok<IReadOnlyList<PresetView>> Presets(EnvironmentReader reader) => TypedResults.Ok(reader.ListPresets());

    private static async Task<Accepted<EnvironmentView>> CreateAsync(CreateEnvironmentRequest request, HttpContext http, EnvironmentService service, EnvironmentReader reader, CancellationToken cancellationToken) =>
        await AcceptedAsync(await service.CreateAsync(request, CallerOf(http), cancellationToken), http, reader, cancellationToken);

    private static async Task<Accepted<EnvironmentView>> RegisterAsync(RegisterEnvironmentRequest request, HttpContext http, EnvironmentService service, EnvironmentReader reader, CancellationToken cancellationToken) =>
        await AcceptedAsync(await service.RegisterAsync(request, CallerOf(http), cancellationToken), http, reader, cancellationToken);

    private static Task<Accepted<EnvironmentView>> VerifyAsync(string name, HttpContext http, EnvironmentService service, EnvironmentReader reader, CancellationToken cancellationToken) => BeginAsync(name, EnvironmentWork.Verify, http, service, reader, cancellationToken);

    private static Task<Accepted<EnvironmentView>> RepairAsync(string name, HttpContext http, EnvironmentService service, EnvironmentReader reader, CancellationToken cancellationToken) => BeginAsync(name, EnvironmentWork.Repair, http, service, reader, cancellationToken);

    private static Task<Accepted<EnvironmentView>> RemoveAsync(string name, HttpContext http, EnvironmentService service, EnvironmentReader reader, CancellationToken cancellationToken) => BeginAsync(name, EnvironmentWork.Remove, http, service, reader, cancellationToken);

    private static async Task<Accepted<EnvironmentView>> BeginAsync(string name, EnvironmentWork work, HttpContext http, EnvironmentService service, EnvironmentReader reader, CancellationToken cancellationToken) =>
        await AcceptedAsync(await service.BeginAsync(name, work, CallerOf(http), cancellationToken), http, reader, cancellationToken);

    /// <summary>As it is with its task that was added this moment.</summary>
    private static async Task<Accepted<EnvironmentView>> AcceptedAsync(EnvironmentRow row, HttpContext http, EnvironmentReader reader, CancellationToken cancellationToken) =>
        TypedResults.Accepted($"/api/v1/environments/{row.Name}", await reader.ViewAsync(row, http.User, cancellationToken));

    private static EnvironmentCaller CallerOf(HttpContext http) => new(http.User, AuditActors.Of(http), Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier);
}
