using System.Diagnostics;
using Beep.Host.Audit;
using Beep.Host.Datasets.Reading;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Datasets.Http;

/// <summary>/api/v1/finetune/datasets.</summary>
internal static class DatasetEndpoints
{
    public const string Root = "/api/v1/finetune/datasets";

    private const string All = "all";
    private const string Mine = "me";

    public static void MapDatasets(this IEndpointRouteBuilder routes)
    {
        var datasets = routes.MapGroup(Root).WithTags("Datasets");
        Read(datasets.MapGet("", ListAsync), "ListDatasets", "Lists your datasets and those shared with you, newest first; everybody's with owner=all for who holds system:admin.");
        Write(datasets.MapPost("", CreateAsync), "CreateDataset", "Uploads a file as a new dataset (multipart/form-data: file, name, description, sha256).").Accepts<IFormFile>("multipart/form-data").DisableAntiforgery();
        Write(datasets.MapPost("import", ImportAsync), "ImportDataset", "Takes a file from a folder of the server that an administrator allowed.");
        Write(datasets.MapGet("import", ListImportable), "ListImportableFiles", "Lists the files that may be imported.");
        Read(datasets.MapPost("seen", FindRowAsync), "FindRow", "Says which versions have a row, and which jobs and models have seen it.");
        Read(datasets.MapGet("{id}", GetAsync), "GetDataset", "Shows a dataset with its newest version.");
        Write(datasets.MapPatch("{id}", UpdateAsync), "UpdateDataset", "Changes a dataset's name or description.");
        Write(datasets.MapDelete("{id}", DeleteAsync), "DeleteDataset", "Deletes a dataset with its files; refused while a job needs it.");
        Read(datasets.MapGet("{id}/uses", ListUsesAsync), "ListDatasetUses", "Lists the jobs with a version of a dataset, and the models that came out of them.");
        Read(datasets.MapGet("{id}/diff", CompareAsync), "CompareDatasetVersions", "Says which rows one version has and another has not.");
        Read(datasets.MapGet("{id}/versions", ListVersionsAsync), "ListDatasetVersions", "Lists the versions of a dataset, newest first.");
        Write(datasets.MapPost("{id}/versions", AddVersionAsync), "AddDatasetVersion", "Uploads a file as the next version of a dataset; the same bytes again are the version that is there.").Accepts<IFormFile>("multipart/form-data").DisableAntiforgery();
        VersionEndpoints.Map(datasets);
    }

    public static RouteHandlerBuilder Read(RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.RequirePermission(Permissions.FinetuneRead).WithName(name).WithSummary(summary);

    public static RouteHandlerBuilder Write(RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.RequirePermission(Permissions.DatasetsWrite).WithName(name).WithSummary(summary);

    public static string? CorrelationOf(HttpContext http) => Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier;

    private static async Task<Ok<Page<DatasetView>>> ListAsync([AsParameters] PageRequest page, string? search, string? owner, HttpContext http, DatasetService datasets, CancellationToken cancellationToken) =>
        TypedResults.Ok(await datasets.ListAsync(new DatasetFilter(search, IsEverybodys(owner, http)), page, http.User, cancellationToken));

    private static async Task<IResult> CreateAsync(HttpContext http, MultipartUpload upload, CancellationToken cancellationToken) => Answer(await upload.ReceiveAsync(http, new DatasetForm(null), cancellationToken));

    private static async Task<IResult> AddVersionAsync(string id, HttpContext http, MultipartUpload upload, DatasetAccess access, CancellationToken cancellationToken)
    {
        // Before the first byte is read.
        await access.RequireAsync(id, http.User, Identity.Privileges.AccessLevel.Write, cancellationToken);
        return Answer(await upload.ReceiveAsync(http, new DatasetForm(id), cancellationToken));
    }

    private static async Task<IResult> ImportAsync(ImportRequest request, HttpContext http, ImportService imports, CancellationToken cancellationToken)
    {
        var target = new UploadTarget { UserId = http.User.RequireUserId(), SourceName = "", DatasetId = request.Dataset, Name = DatasetRules.Name(request.Name), Description = DatasetRules.Description(request.Description) };
        return Answer(await imports.ImportAsync(request.Path, target, http.User, AuditActors.Of(http), CorrelationOf(http), cancellationToken));
    }

    private static Ok<IReadOnlyList<ImportableFile>> ListImportable(ImportService imports) => TypedResults.Ok(imports.List());

    private static async Task<Ok<SeenAnswer>> FindRowAsync(SeenRequest request, HttpContext http, RowSearch rows, CancellationToken cancellationToken) =>
        TypedResults.Ok(await rows.FindAsync(request.Row, http.User, cancellationToken));

    private static async Task<Ok<DatasetView>> GetAsync(string id, HttpContext http, DatasetService datasets, CancellationToken cancellationToken) => TypedResults.Ok(await datasets.GetAsync(id, http.User, cancellationToken));

    private static async Task<Ok<DatasetView>> UpdateAsync(string id, DatasetChange change, HttpContext http, DatasetService datasets, CancellationToken cancellationToken) =>
        TypedResults.Ok(await datasets.UpdateAsync(id, change, http.User, AuditActors.Of(http), cancellationToken));

    private static async Task<NoContent> DeleteAsync(string id, HttpContext http, DatasetService datasets, CancellationToken cancellationToken)
    {
        await datasets.DeleteAsync(id, http.User, AuditActors.Of(http), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<IReadOnlyList<UseView>>> ListUsesAsync(string id, HttpContext http, DatasetService datasets, CancellationToken cancellationToken) =>
        TypedResults.Ok(await datasets.ListUsesAsync(id, http.User, cancellationToken));

    private static async Task<Ok<Page<VersionView>>> ListVersionsAsync(string id, [AsParameters] PageRequest page, HttpContext http, DatasetService datasets, CancellationToken cancellationToken) =>
        TypedResults.Ok(await datasets.ListVersionsAsync(id, page, http.User, cancellationToken));

    private static async Task<Ok<DiffView>> CompareAsync(string id, int from, int to, HttpContext http, DatasetReader reader, CancellationToken cancellationToken)
    {
        var before = await reader.RequireAsync(id, from, http.User, Identity.Privileges.AccessLevel.Read, cancellationToken);
        var after = await reader.RequireAsync(id, to, http.User, Identity.Privileges.AccessLevel.Read, cancellationToken);
        return TypedResults.Ok(await Task.Run(() => DatasetDiff.Compare(before, after, cancellationToken), cancellationToken));
    }

    private static IResult Answer(AddedVersion added)
    {
        var view = new AddedVersionView(DatasetView.Of(added.Dataset, added.Version), VersionView.Of(added.Version), added.IsNew);
        return added.IsNew ? TypedResults.Created($"{Root}/{added.Dataset.Id}/versions/{added.Version.Number}", view) : TypedResults.Ok(view);
    }

    private static bool IsEverybodys(string? owner, HttpContext http) => owner switch
    {
        null or Mine => false,
        All when DatasetAccess.SeesAll(http.User) => true,
        All => throw HttpFaultException.Forbidden("forbidden", $"Everybody's datasets need the permission {Permissions.SystemAdmin}.", "Leave owner out for your own."),
        _ => throw HttpFaultException.Invalid("bad_owner", $"owner is '{owner}'.", $"Say {Mine} or {All}.", "owner"),
    };
}
