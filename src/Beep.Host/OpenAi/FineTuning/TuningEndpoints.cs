using System.Security.Claims;
using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Stored;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary><c>/v1/fine_tuning/jobs</c>.</summary>
internal static class TuningEndpoints
{
    private const int UsualJobs = 20;
    private const int UsualCheckpoints = 10;
    private const int MostItems = 100;
    private const long BodyBytes = 1 << 20;

    public static void Map(RouteGroupBuilder root)
    {
        var jobs = root.MapGroup("/fine_tuning/jobs");
        Manage(jobs.MapPost("", CreateAsync), "OpenAiCreateFineTune", "Starts a fine-tune of a model on a file.");
        Read(jobs.MapGet("", ListAsync), "OpenAiListFineTunes", "Lists fine-tunes, newest first; metadata[key]=value shows those with that pair.");
        Read(jobs.MapGet("{fine_tuning_job_id}", GetAsync), "OpenAiRetrieveFineTune", "Shows a fine-tune.");
        Manage(jobs.MapPost("{fine_tuning_job_id}/cancel", CancelAsync), "OpenAiCancelFineTune", "Stops a fine-tune.");
        Manage(jobs.MapPost("{fine_tuning_job_id}/pause", PauseAsync), "OpenAiPauseFineTune", "Stops a fine-tune so that it can go on from there.");
        Manage(jobs.MapPost("{fine_tuning_job_id}/resume", ResumeAsync), "OpenAiResumeFineTune", "Goes on with a paused fine-tune.");
        Read(jobs.MapGet("{fine_tuning_job_id}/events", EventsAsync), "OpenAiListFineTuneEvents", "What happened to a fine-tune, newest first.");
        Read(jobs.MapGet("{fine_tuning_job_id}/checkpoints", CheckpointsAsync), "OpenAiListFineTuneCheckpoints", "The checkpoints of a fine-tune, newest first.");
    }

    private static RouteHandlerBuilder Read(RouteHandlerBuilder endpoint, string name, string summary) => endpoint.RequirePermission(Permissions.FinetuneRead).WithName(name).WithSummary(summary);

    private static RouteHandlerBuilder Manage(RouteHandlerBuilder endpoint, string name, string summary) => endpoint.RequirePermission(Permissions.FinetuneManage).WithName(name).WithSummary(summary);

    private static async Task<Ok<TuningJobView>> CreateAsync(HttpContext http, [FromHeader(Name = "Idempotency-Key")] string? key, TuningPlanner planner, TuningDescriber describer, CancellationToken cancellationToken)
    {
        var request = await ReadAsync(http, cancellationToken);
        return TypedResults.Ok(await describer.DescribeAsync(await planner.CreateAsync(request, key, http.User, AuditActors.Of(http), cancellationToken), cancellationToken));
    }

    private static async Task<Ok<ListView<TuningJobView>>> ListAsync(string? after, int? limit, HttpContext http, TuningList list, CancellationToken cancellationToken) =>
        TypedResults.Ok(await list.ReadAsync(after, OpenAiRequests.Limit(limit, UsualJobs, MostItems), http.Request.Query, http.User, cancellationToken));

    private static async Task<Ok<TuningJobView>> GetAsync(string fine_tuning_job_id, ClaimsPrincipal user, JobAccess access, TuningDescriber describer, CancellationToken cancellationToken) =>
        TypedResults.Ok(await describer.DescribeAsync(await RequireAsync(fine_tuning_job_id, user, access, AccessLevel.Read, cancellationToken), cancellationToken));

    private static async Task<Ok<TuningJobView>> CancelAsync(string fine_tuning_job_id, HttpContext http, JobAccess access, TuningControl control, TuningDescriber describer, CancellationToken cancellationToken)
    {
        var job = await RequireAsync(fine_tuning_job_id, http.User, access, AccessLevel.Write, cancellationToken);
        return TypedResults.Ok(await describer.DescribeAsync(await control.CancelAsync(job, http.User, AuditActors.Of(http), cancellationToken), cancellationToken));
    }

    private static async Task<Ok<TuningJobView>> PauseAsync(string fine_tuning_job_id, HttpContext http, JobAccess access, TuningControl control, TuningDescriber describer, CancellationToken cancellationToken)
    {
        var job = await RequireAsync(fine_tuning_job_id, http.User, access, AccessLevel.Write, cancellationToken);
        return TypedResults.Ok(await describer.DescribeAsync(await control.PauseAsync(job, http.User, AuditActors.Of(http), cancellationToken), cancellationToken));
    }

    private static async Task<Ok<TuningJobView>> ResumeAsync(string fine_tuning_job_id, HttpContext http, JobAccess access, TuningControl control, TuningDescriber describer, CancellationToken cancellationToken)
    {
        var job = await RequireAsync(fine_tuning_job_id, http.User, access, AccessLevel.Write, cancellationToken);
        return TypedResults.Ok(await describer.DescribeAsync(await control.ResumeAsync(job, http.User, AuditActors.Of(http), cancellationToken), cancellationToken));
    }

    private static async Task<Ok<ListView<TuningEventView>>> EventsAsync(string fine_tuning_job_id, string? after, int? limit, ClaimsPrincipal user, JobAccess access, TuningEvents events, CancellationToken cancellationToken)
    {
        var job = await RequireAsync(fine_tuning_job_id, user, access, AccessLevel.Read, cancellationToken);
        return TypedResults.Ok(await events.ListAsync(job, after, OpenAiRequests.Limit(limit, UsualJobs, MostItems), cancellationToken));
    }

    private static async Task<Ok<ListView<TuningCheckpointView>>> CheckpointsAsync(string fine_tuning_job_id, string? after, int? limit, ClaimsPrincipal user, JobAccess access, TuningCheckpoints checkpoints, CancellationToken cancellationToken)
    {
        var job = await RequireAsync(fine_tuning_job_id, user, access, AccessLevel.Read, cancellationToken);
        return TypedResults.Ok(await checkpoints.ListAsync(job, after, OpenAiRequests.Limit(limit, UsualCheckpoints, MostItems), cancellationToken));
    }

    private static async Task<Job> RequireAsync(string id, ClaimsPrincipal user, JobAccess access, AccessLevel level, CancellationToken cancellationToken) =>
        OpenAiIds.ReadJob(id) is { } ours && await access.FindAsync(ours, user, level, cancellationToken) is { DeletedAt: null } job ? job : throw OpenAiRequests.NoJob(id);

    private static async Task<TuningRequest> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = BodyBytes;
        }

        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false }, cancellationToken);
            return TuningRequest.Read(body.RootElement);
        }
        catch (JsonException error)
        {
            throw OpenAiRequests.Bad("invalid_json", $"The body cannot be read as JSON: {error.Message}", null);
        }
    }
}
