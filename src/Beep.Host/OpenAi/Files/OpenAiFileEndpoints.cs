using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Datasets;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.OpenAi.Files;

/// <summary><c>/v1/files</c>.</summary>
internal static class OpenAiFileEndpoints
{
    private const int MostFiles = 10_000;

    public static void Map(RouteGroupBuilder root)
    {
        var files = root.MapGroup("/files");
        files.MapPost("", UploadAsync).RequirePermission(Permissions.DatasetsWrite).WithName("OpenAiUploadFile").WithSummary("Uploads rows to fine-tune on (multipart/form-data: file, purpose=fine-tune); they become a dataset.").Accepts<IFormFile>("multipart/form-data").DisableAntiforgery();
        files.MapGet("", ListAsync).RequirePermission(Permissions.FinetuneRead).WithName("OpenAiListFiles").WithSummary("Lists files, newest first.");
        files.MapGet("{file_id}", GetAsync).RequirePermission(Permissions.FinetuneRead).WithName("OpenAiRetrieveFile").WithSummary("Shows a file.");
        files.MapDelete("{file_id}", DeleteAsync).RequirePermission(Permissions.DatasetsWrite).WithName("OpenAiDeleteFile").WithSummary("Deletes a file, and the dataset that it became.");
        files.MapGet("{file_id}/content", ContentAsync).RequirePermission(Permissions.FinetuneRead).WithName("OpenAiDownloadFile").WithSummary("The content of a file.").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream");
    }

    private static async Task<Ok<FileView>> UploadAsync(HttpContext http, MultipartUpload upload, FileForm form, CancellationToken cancellationToken)
    {
        var added = await upload.ReceiveAsync(http, form, cancellationToken);
        return TypedResults.Ok(FileCatalogue.View(added.Dataset, added.Version));
    }

    private static async Task<Ok<ListView<FileView>>> ListAsync(string? purpose, int? limit, string? order, string? after, ClaimsPrincipal user, FileCatalogue files, CancellationToken cancellationToken) =>
        TypedResults.Ok(await files.ListAsync(purpose, OpenAiRequests.Limit(limit, MostFiles, MostFiles), IsAscending(order), after, user, cancellationToken));

    private static async Task<Ok<FileView>> GetAsync(string file_id, ClaimsPrincipal user, FileCatalogue files, CancellationToken cancellationToken) => TypedResults.Ok(await files.GetAsync(file_id, user, cancellationToken));

    private static Task<IResult> ContentAsync(string file_id, ClaimsPrincipal user, FileCatalogue files, CancellationToken cancellationToken) => files.OpenAsync(file_id, user, cancellationToken);

    private static async Task<Ok<DeletedView>> DeleteAsync(string file_id, HttpContext http, FileCatalogue files, DatasetService datasets, CancellationToken cancellationToken)
    {
        var found = await files.RequireAsync(file_id, "file_id", http.User, cancellationToken);
        if (found.Dataset.LatestVersion > 1)
        {
            throw HttpFaultException.Conflict("file_has_versions", $"The dataset '{found.Dataset.Id}' has {found.Dataset.LatestVersion} versions, which would all go.", "Delete the dataset itself, or keep it.");
        }

        await datasets.DeleteAsync(found.Dataset.Id, http.User, AuditActors.Of(http), cancellationToken);
        return TypedResults.Ok(new DeletedView(file_id, "file"));
    }

    private static bool IsAscending(string? order) => order switch
    {
        null or "desc" => false,
        "asc" => true,
        _ => throw OpenAiRequests.Bad("invalid_value", $"'order' is '{OpenAiRequests.Shown(order)}'; it must be asc or desc.", "order"),
    };
}
