using System.Globalization;
using System.Net.Mime;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Datasets.Checking;
using Beep.Host.Datasets.Reading;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Tasks;
using Microsoft.AspNetCore.Http.HttpResults;
using static Beep.Host.Datasets.Http.DatasetEndpoints;

namespace Beep.Host.Datasets.Http;

/// <summary>What there is of one version.</summary>
internal static class VersionEndpoints
{
    private const string Version = "{id}/versions/{version:int}";
    private const int DefaultRows = 10;

    public static void Map(RouteGroupBuilder datasets)
    {
        Read(datasets.MapGet(Version, GetAsync), "GetDatasetVersion", "Shows a version.");
        Read(datasets.MapGet(Version + "/report", ReadReportAsync), "ReadDatasetReport", "What was found in a version, as beep dataset check --json says it.");
        Read(datasets.MapGet(Version + "/preview", PreviewAsync), "PreviewDataset", "Rows as a model will see them: template applied, what is learnt told from what is not.");
        Read(datasets.MapGet(Version + "/lengths", ReadLengthsAsync), "ReadDatasetLengths", "How long rows are in a model's tokens, and how many a max_length would cut.");
        Read(datasets.MapGet(Version + "/download", DownloadAsync), "DownloadDataset", "The file as it was given; ranges are answered.").Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Application.Octet);
        Read(datasets.MapPost(Version + "/validate", CheckAsync), "ValidateDataset", "Checks a version again as a task, and counts the tokens of a model where one is named.");
        Write(datasets.MapPost(Version + "/split", SplitAsync), "SplitDataset", "Splits a version as a task into two datasets: one to learn from, one to measure with.");
    }

    private static async Task<Ok<VersionView>> GetAsync(string id, int version, HttpContext http, DatasetReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(VersionView.Of((await RequireAsync(id, version, http, reader, cancellationToken)).Version));

    private static async Task<Ok<JsonObject>> ReadReportAsync(string id, int version, HttpContext http, DatasetReader reader, CancellationToken cancellationToken)
    {
        var found = await RequireAsync(id, version, http, reader, cancellationToken);
        return TypedResults.Ok(ReportFile.Read(found.Folder) ?? throw NoReport(found));
    }

    private static async Task<Ok<PreviewPage>> PreviewAsync(string id, int version, string? model, long? after, int? limit, HttpContext http, DatasetReader reader, RowModels models, CancellationToken cancellationToken)
    {
        var found = await RequireAsync(id, version, http, reader, cancellationToken);
        if (limit is not (null or (>= 1 and <= DatasetPreview.MostRows)))
        {
            throw HttpFaultException.Invalid("bad_limit", string.Create(CultureInfo.InvariantCulture, $"limit is {limit}."), $"Ask for 1 to {DatasetPreview.MostRows}.", "limit");
        }

        if (after < 0)
        {
            throw HttpFaultException.Invalid("bad_after", string.Create(CultureInfo.InvariantCulture, $"after is {after}."), "Pass the next of the page before.", "after");
        }

        var known = model is null ? null : await models.RequireAsync(model, http.User, cancellationToken);
        return TypedResults.Ok(await ReadFileAsync(found, () => Task.Run(() => DatasetPreview.Read(found, known, after ?? 0, limit ?? DefaultRows, cancellationToken), cancellationToken)));
    }

    private static async Task<Ok<LengthsView>> ReadLengthsAsync(string id, int version, string model, int? max_length, HttpContext http, DatasetReader reader, RowModels models, DatasetLengths lengths, CancellationToken cancellationToken)
    {
        var found = await RequireAsync(id, version, http, reader, cancellationToken);
        if (max_length < 1)
        {
            throw HttpFaultException.Invalid("bad_max_length", string.Create(CultureInfo.InvariantCulture, $"max_length is {max_length}."), "Ask for 1 or more.", "max_length");
        }

        var known = await models.RequireAsync(model, http.User, cancellationToken);
        var counted = await ReadFileAsync(found, () => lengths.ReadAsync(found, known, cancellationToken));
        return TypedResults.Ok(LengthsView.Of(counted, max_length ?? known.Longest));
    }

    /// <summary>Never as what a browser would show.</summary>
    private static async Task<PhysicalFileHttpResult> DownloadAsync(string id, int version, HttpContext http, DatasetReader reader, CancellationToken cancellationToken)
    {
        var found = await RequireAsync(id, version, http, reader, cancellationToken);
        var extension = Path.GetExtension(found.Version.FileName);
        return TypedResults.PhysicalFile(
            found.Path, MediaTypeNames.Application.Octet, string.Create(CultureInfo.InvariantCulture, $"{found.Dataset.Name}-v{found.Version.Number}{extension}"),
            found.Version.CreatedAt, new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{found.Version.Sha256}\""), enableRangeProcessing: true);
    }

    private static async Task<Accepted<TaskView>> CheckAsync(string id, int version, CheckRequest? request, HttpContext http, DatasetService datasets, CancellationToken cancellationToken)
    {
        var task = await datasets.CheckAsync(id, version, request?.Model, http.User, AuditActors.Of(http), CorrelationOf(http), cancellationToken);
        return TypedResults.Accepted($"/api/v1/tasks/{task.Id}", task);
    }

    private static async Task<Accepted<TaskView>> SplitAsync(string id, int version, SplitRequest request, HttpContext http, DatasetService datasets, CancellationToken cancellationToken)
    {
        var task = await datasets.SplitAsync(id, version, request, http.User, AuditActors.Of(http), CorrelationOf(http), cancellationToken);
        return TypedResults.Accepted($"/api/v1/tasks/{task.Id}", task);
    }

    private static Task<FoundVersion> RequireAsync(string id, int version, HttpContext http, DatasetReader reader, CancellationToken cancellationToken) =>
        reader.RequireAsync(id, version, http.User, AccessLevel.Read, cancellationToken);

    /// <summary>Faults of a file name where it lies; callers learn what it was called.</summary>
    private static async Task<T> ReadFileAsync<T>(FoundVersion found, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (FaultException fault)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, [.. fault.Faults.Select(one => QuickCheck.Hide(one, found.Path, found.Version.SourceName))]);
        }
    }

    private static HttpFaultException NoReport(FoundVersion found) => HttpFaultException.Conflict(
        "dataset_checking", string.Create(CultureInfo.InvariantCulture, $"Version {found.Version.Number} of the dataset '{found.Dataset.Id}' has no report yet."), "Wait for the task that checks it.");
}
