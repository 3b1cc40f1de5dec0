using System.Security.Claims;
using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Beep.Host.Jobs.Api;

/// <summary><c>/api/v1/finetune/jobs</c> and <c>/presets</c>.</summary>
internal static class JobEndpoints
{
    private const string Root = "/api/v1/finetune";
    private const string All = "all";
    private const string Mine = "me";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet($"{Root}/presets", ListPresets).RequirePermission(Permissions.FinetuneRead).WithTags("jobs").WithName("ListPresets").WithSummary("The presets with what each sets.");
        var jobs = routes.MapGroup($"{Root}/jobs").WithTags("jobs");
        jobs.MapGet("/", ListAsync).RequirePermission(Permissions.FinetuneRead).WithName("ListJobs").WithSummary("Your jobs and those shared with you, newest first; everybody's with owner=all for who holds system:admin.");
        jobs.MapPost("/plan", PlanAsync).RequirePermission(Permissions.FinetuneRead).WithName("PlanJob").WithSummary("What a job would take and every problem that it would meet; makes nothing.");
        jobs.MapGet("/{id}", GetAsync).RequirePermission(Permissions.FinetuneRead).WithName("GetJob").WithSummary("One job with its spec, its plan, its place in the queue and what came out.");
        Change(jobs.MapPost("/", CreateAsync), "CreateJob", "Makes a job and queues it, or keeps it as a draft; the same Idempotency-Key makes one job.");
        Change(jobs.MapPatch("/{id}", UpdateAsync), "UpdateJob", "Renames a job; gives it another priority for who holds system:admin.");
        Change(jobs.MapDelete("/{id}", DeleteAsync), "DeleteJob", "Deletes a job that is not active, with its files.");
        Change(jobs.MapPost("/{id}/start", StartAsync), "StartJob", "Queues a draft.");
        Change(jobs.MapPost("/{id}/cancel", CancelAsync), "CancelJob", "Stops a job, which saves a checkpoint; asking twice is the same as once.");
        Change(jobs.MapPost("/{id}/restart", RestartAsync), "RestartJob", "Begins a job that has ended from nothing.");
        Change(jobs.MapPost("/{id}/resume", ResumeAsync), "ResumeJob", "Goes on from the last checkpoint of a job that was cancelled or has failed.");
        Change(jobs.MapPost("/{id}/clone", CloneAsync), "CloneJob", "Makes a draft with the same settings.");
        Change(jobs.MapPost("/{id}/reproduce", ReproduceAsync), "ReproduceJob", "Queues the same again: spec, dataset version, model and seed.");
    }

    private static void Change(RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.RequirePermission(Permissions.FinetuneManage).WithName(name).WithSummary(summary);

    private static Ok<IReadOnlyList<PresetView>> ListPresets() => TypedResults.Ok<IReadOnlyList<PresetView>>(
        [.. PresetCatalog.Names.Select(PresetCatalog.Get).Select(preset => new PresetView(preset.Name, preset.Description, preset.Name == PresetCatalog.Default, JsonSerializer.SerializeToElement(preset.Tree)))]);

    private static async Task<Ok<Page<JobView>>> ListAsync(
        [AsParameters] PageRequest page, string? state, string? model, string? dataset, string? search, string? owner, ClaimsPrincipal user, JobReader reader, CancellationToken cancellationToken)
    {
        var filter = new JobFilter { State = StateOf(state), Model = model, Dataset = dataset, Search = search, IsOfAll = IsOfAll(owner, user) };
        return TypedResults.Ok(await reader.ListAsync(filter, page, user, cancellationToken));
    }

    private static async Task<Ok<JobPlan>> PlanAsync(NewJob wanted, ClaimsPrincipal user, JobDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(await desk.PlanAsync(wanted, user, cancellationToken));

    private static async Task<Ok<JobView>> GetAsync(string id, ClaimsPrincipal user, JobAccess access, JobReader reader, CancellationToken cancellationToken)
    {
        await access.RequireAsync(id, user, AccessLevel.Read, cancellationToken);
        return TypedResults.Ok(await reader.ReadAsync(id, cancellationToken));
    }

    private static async Task<Results<Created<JobView>, Ok<JobView>>> CreateAsync(NewJob wanted, [FromHeader(Name = "Idempotency-Key")] string? key, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken)
    {
        var (job, isNew) = await desk.CreateAsync(wanted, key, http.User, AuditActors.Of(http), cancellationToken);
        var view = await reader.ReadAsync(job.Id, cancellationToken);
        return isNew ? TypedResults.Created($"{Root}/jobs/{job.Id}", view) : TypedResults.Ok(view);
    }

    private static async Task<Ok<JobView>> UpdateAsync(string id, JobPatch patch, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken)
    {
        await desk.UpdateAsync(id, patch, http.User, AuditActors.Of(http), cancellationToken);
        return TypedResults.Ok(await reader.ReadAsync(id, cancellationToken));
    }

    private static async Task<NoContent> DeleteAsync(string id, HttpContext http, JobDesk desk, CancellationToken cancellationToken)
    {
        await desk.DeleteAsync(id, http.User, AuditActors.Of(http), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Accepted<JobView>> StartAsync(string id, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken) =>
        await AcceptAsync(await desk.StartAsync(id, http.User, AuditActors.Of(http), cancellationToken), reader, cancellationToken);

    private static async Task<Accepted<JobView>> CancelAsync(string id, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken) =>
        await AcceptAsync(await desk.CancelAsync(id, http.User, AuditActors.Of(http), cancellationToken), reader, cancellationToken);

    private static async Task<Accepted<JobView>> RestartAsync(string id, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken) =>
        await AcceptAsync(await desk.RestartAsync(id, http.User, AuditActors.Of(http), cancellationToken), reader, cancellationToken);

    private static async Task<Accepted<JobView>> ResumeAsync(string id, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken) =>
        await AcceptAsync(await desk.ResumeAsync(id, http.User, AuditActors.Of(http), cancellationToken), reader, cancellationToken);

    private static async Task<Created<JobView>> CloneAsync(string id, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken) =>
        await MadeAsync(await desk.CloneAsync(id, http.User, AuditActors.Of(http), cancellationToken), reader, cancellationToken);

    private static async Task<Created<JobView>> ReproduceAsync(string id, HttpContext http, JobDesk desk, JobReader reader, CancellationToken cancellationToken) =>
        await MadeAsync(await desk.ReproduceAsync(id, http.User, AuditActors.Of(http), cancellationToken), reader, cancellationToken);

    private static async Task<Accepted<JobView>> AcceptAsync(Job job, JobReader reader, CancellationToken cancellationToken) =>
        TypedResults.Accepted($"{Root}/jobs/{job.Id}", await reader.ReadAsync(job.Id, cancellationToken));

    private static async Task<Created<JobView>> MadeAsync(Job job, JobReader reader, CancellationToken cancellationToken) =>
        TypedResults.Created($"{Root}/jobs/{job.Id}", await reader.ReadAsync(job.Id, cancellationToken));

    private static bool IsOfAll(string? owner, ClaimsPrincipal user) => owner switch
    {
        null or Mine => false,
        All when JobAccess.SeesAll(user) => true,
        All => throw HttpFaultException.Forbidden("forbidden", $"Everybody's jobs need the permission {Permissions.SystemAdmin}.", "Leave owner out for your own."),
        _ => throw HttpFaultException.Invalid("bad_owner", $"owner is '{owner}'.", $"Say {Mine} or {All}.", "owner"),
    };

    private static JobState? StateOf(string? state) => state is null
        ? null
        : JobStates.Read(state) ?? throw HttpFaultException.Invalid("bad_state", $"state is '{state}'.", $"Say one of: {string.Join(", ", JobStates.All.Select(known => known.Word()))}.", "state");
}
