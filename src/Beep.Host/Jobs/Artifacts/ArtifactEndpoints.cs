using System.Diagnostics;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Beep.Host.Audit;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Runs;
using Beep.Host.Tasks;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>What came out of a job: <c>/api/v1/finetune/jobs/{id}/artifacts</c>, <c>/archive</c>, <c>/exports</c>.</summary>
internal static class ArtifactEndpoints
{
    private const string Octets = "application/octet-stream";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapGroup(RunEndpoints.Jobs).WithTags("artifacts").RequirePermission(Permissions.FinetuneRead);
        read.MapGet("/{id}/artifacts", ListAsync).WithName("ListArtifacts").WithSummary("What came out of a job, with its files and hashes.");
        read.MapGet("/{id}/artifacts/{name}", GetAsync).WithName("GetArtifact").Produces<ArtifactContents>()
            .WithSummary("An artifact: its bytes where it is one file, its list of files where it is a folder. Takes ranges; the ETag is the SHA-256.");
        read.MapGet("/{id}/artifacts/{name}/{**file}", GetFileAsync).WithName("GetArtifactFile").Produces(StatusCodes.Status200OK, contentType: Octets)
            .WithSummary("A file of an artifact. Takes ranges; the ETag is the SHA-256.");
        read.MapGet("/{id}/archive", ArchiveAsync).WithName("DownloadJob").Produces(StatusCodes.Status200OK, contentType: "application/zip")
            .WithSummary("Everything of a run as one .zip: spec, plan, events, log, figures as CSV, artifacts, checksums.");
        read.MapGet("/{id}/results.csv", ResultsAsync).WithName("DownloadJobResults").Produces(StatusCodes.Status200OK, contentType: "text/csv")
            .WithSummary("The losses step by step, in the columns of OpenAI's result files.");

        var manage = routes.MapGroup(RunEndpoints.Jobs).WithTags("artifacts").RequirePermission(Permissions.FinetuneManage);
        manage.MapPost("/{id}/exports", ExportAsync).WithName("ExportJob").WithSummary("Makes another form of the result, as a task: merged adds the adapter into its base model.");
        manage.MapPost("/{id}/artifacts/{name}/register", RegisterAsync).WithName("RegisterArtifact").WithSummary("Makes an adapter or a merged model one of the host's models, with where it came from.");
    }

    private static async Task<Ok<IReadOnlyList<ArtifactContents>>> ListAsync(string id, ClaimsPrincipal user, JobAccess access, ArtifactService artifacts, CancellationToken cancellationToken) =>
        TypedResults.Ok(await artifacts.ListAsync(await access.RequireAsync(id, user, AccessLevel.Read, cancellationToken), cancellationToken));

    private static async Task<IResult> GetAsync(string id, string name, ClaimsPrincipal user, JobAccess access, ArtifactService artifacts, ArtifactStore store, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, user, AccessLevel.Read, cancellationToken);
        var artifact = artifacts.Require(job, name);
        return artifact.IsFolder ? TypedResults.Ok(await artifacts.GetAsync(job, name, cancellationToken)) : await SendAsync(job.Id, artifact.Files[0], store, cancellationToken);
    }

    private static async Task<IResult> GetFileAsync(
        string id, string name, string file, ClaimsPrincipal user, JobAccess access, ArtifactService artifacts, ArtifactStore store, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, user, AccessLevel.Read, cancellationToken);
        var artifact = artifacts.Require(job, name);
        return artifact.IsFolder && artifact.Files.FirstOrDefault(found => found.Name == file) is { } found
            ? await SendAsync(job.Id, found, store, cancellationToken)
            : throw HttpFaultException.NotFound("file_not_found", "The artifact has no such file.", "Look it up in the list of its files.");
    }

    /// <summary>As a file to keep, never to show: what a model wrote is nobody's page.</summary>
    private static async Task<PhysicalFileHttpResult> SendAsync(string jobId, ArtifactFile file, ArtifactStore store, CancellationToken cancellationToken) => TypedResults.PhysicalFile(
        file.Info.FullName, Octets, Path.GetFileName(file.Name), new DateTimeOffset(file.Info.LastWriteTimeUtc),
        new EntityTagHeaderValue($"\"{await store.HashAsync(jobId, file, cancellationToken)}\""), enableRangeProcessing: true);

    private static async Task<PushStreamHttpResult> ArchiveAsync(string id, HttpContext http, JobAccess access, RunArchive archive, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, http.User, AccessLevel.Read, cancellationToken);
        // The end of a zip is written where the archive is closed, in one small piece.
        http.Features.Get<IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
        return TypedResults.Stream(stream => archive.WriteAsync(job, stream, cancellationToken), "application/zip", $"job-{job.Id}.zip");
    }

    private static async Task<PushStreamHttpResult> ResultsAsync(string id, ClaimsPrincipal user, JobAccess access, RunResults results, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, user, AccessLevel.Read, cancellationToken);
        return TypedResults.Stream(stream => results.WriteOpenAiAsync(job.Id, stream, cancellationToken), "text/csv; charset=utf-8", $"job-{job.Id}-results.csv");
    }

    private static async Task<Accepted<TaskView>> ExportAsync(string id, ExportRequest request, HttpContext http, JobAccess access, ArtifactService artifacts, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, http.User, AccessLevel.Write, cancellationToken);
        if (request.Kind != ArtifactService.Merged)
        {
            throw HttpFaultException.Invalid("unknown_kind", $"kind is '{request.Kind}'.", $"Say {ArtifactService.Merged}.", "kind");
        }

        var task = await artifacts.MergeAsync(job, AuditActors.Of(http), CorrelationOf(http), cancellationToken);
        return TypedResults.Accepted($"/api/v1/tasks/{task.Id}", task);
    }

    private static async Task<Created<RegisteredModel>> RegisterAsync(
        string id, string name, RegisterRequest? request, HttpContext http, JobAccess access, ArtifactService artifacts, CancellationToken cancellationToken)
    {
        var job = await access.RequireAsync(id, http.User, AccessLevel.Write, cancellationToken);
        var model = await artifacts.RegisterAsync(job, name, request?.Name, AuditActors.Of(http), CorrelationOf(http), cancellationToken);
        return TypedResults.Created($"/api/v1/models/{model.Id}", new RegisteredModel(model.Id, model.Name));
    }

    private static string CorrelationOf(HttpContext http) => Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier;
}

/// <summary>Which other form is wanted.</summary>
/// <param name="Kind"><c>merged</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ExportRequest(string Kind);

/// <summary>What the model is to be called.</summary>
/// <param name="Name"><c>publisher/name</c>; left out, one is made from the job's.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RegisterRequest(string? Name = null);

/// <summary>The model that an artifact has become.</summary>
internal sealed record RegisteredModel(string Id, string Name);
