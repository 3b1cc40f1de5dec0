using System.Globalization;
using Beep.Contracts;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Beep.Host.Datasets.Tus;

/// <summary>/api/v1/finetune/uploads: the tus protocol, and what has become of an upload.</summary>
internal static class TusEndpoints
{
    public const string Root = "/api/v1/finetune/uploads";

    private const string Version = "1.0.0";
    private const string Extensions = "creation,creation-with-upload,checksum,termination,expiration";
    private const string OffsetType = "application/offset+octet-stream";

    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        var uploads = routes.MapGroup(Root).WithTags("Uploads").RequirePermission(Permissions.DatasetsWrite);
        uploads.MapMethods("", [HttpMethods.Options], Options).WithName("DescribeUploads").WithSummary("What of tus is spoken here.");
        uploads.MapGet("", List).WithName("ListUploads").WithSummary("Lists your uploads, those that are finished for a day.");
        uploads.MapPost("", CreateAsync).WithName("CreateUpload").WithSummary("Begins a resumable upload (tus: creation, creation-with-upload).");
        uploads.MapGet("{id}", GetAsync).WithName("GetUpload").WithSummary("Shows an upload, and once it is finished the dataset that it became.");
        uploads.MapMethods("{id}", [HttpMethods.Head], HeadAsync).WithName("GetUploadOffset").WithSummary("Says how many bytes of an upload there are (tus).");
        uploads.MapPatch("{id}", PatchAsync).WithName("AppendToUpload").WithSummary("Takes the next bytes of an upload (tus: core, checksum).");
        uploads.MapPost("{id}", OverrideAsync).WithName("AppendToUploadByPost").WithSummary("As the method that X-HTTP-Method-Override names, for clients that cannot send it (tus).");
        uploads.MapDelete("{id}", Delete).WithName("DeleteUpload").WithSummary("Gives an upload up (tus: termination).");
    }

    private static NoContent Options(HttpContext http, HostOptions options)
    {
        var headers = http.Response.Headers;
        headers["Tus-Resumable"] = headers["Tus-Version"] = Version;
        headers["Tus-Extension"] = Extensions;
        headers["Tus-Max-Size"] = options.MaxUploadBytes.ToString(CultureInfo.InvariantCulture);
        headers["Tus-Checksum-Algorithm"] = ChunkChecksum.Algorithms;
        return TypedResults.NoContent();
    }

    private static Ok<IReadOnlyList<UploadView>> List(HttpContext http, TusStore store) =>
        TypedResults.Ok<IReadOnlyList<UploadView>>([.. store.List(http.User.RequireUserId()).Select(upload => UploadView.Of(upload, store))]);

    private static async Task<IResult> CreateAsync(HttpContext http, TusService uploads, TusStore store, CancellationToken cancellationToken)
    {
        RequireVersion(http);
        if (http.Request.Headers.ContainsKey("Upload-Defer-Length"))
        {
            throw HttpFaultException.BadRequest("length_needed", "The length of the upload must be known when it begins.", "Send Upload-Length.", "Upload-Length");
        }

        var length = Number(http, "Upload-Length");
        var created = await uploads.CreateAsync(http, length, http.Request.Headers["Upload-Metadata"], cancellationToken);
        http.Response.Headers.Location = $"{Root}/{created.Id}";
        var offset = 0L;
        if (http.Request.ContentType == OffsetType && http.Request.ContentLength != 0)
        {
            Unbind(http);
            (created, offset) = await uploads.AppendAsync(created, 0, http, http.Request.Headers["Upload-Checksum"], cancellationToken);
        }

        Describe(http, created, store, offset);
        return TypedResults.StatusCode(StatusCodes.Status201Created);
    }

    private static async Task<Ok<UploadView>> GetAsync(string id, HttpContext http, TusService uploads, TusStore store) =>
        TypedResults.Ok(UploadView.Of(await uploads.SettleAsync(uploads.Require(id, http.User), http), store));

    private static async Task<IResult> HeadAsync(string id, HttpContext http, TusService uploads, TusStore store)
    {
        RequireVersion(http);
        var upload = await uploads.SettleAsync(uploads.Require(id, http.User), http);
        Describe(http, upload, store, store.Offset(upload));
        http.Response.Headers["Upload-Length"] = upload.Length.ToString(CultureInfo.InvariantCulture);
        if (upload.Metadata is { } metadata)
        {
            http.Response.Headers["Upload-Metadata"] = metadata;
        }

        return TypedResults.Ok();
    }

    private static async Task<IResult> PatchAsync(string id, HttpContext http, TusService uploads, TusStore store, CancellationToken cancellationToken)
    {
        RequireVersion(http);
        var upload = uploads.Require(id, http.User);
        if (http.Request.ContentType != OffsetType)
        {
            throw new HttpFaultException(StatusCodes.Status415UnsupportedMediaType, new Fault("unsupported_media_type", $"The body is '{http.Request.ContentType}'.", $"Send {OffsetType}.", "Content-Type"));
        }

        Unbind(http);
        (upload, var offset) = await uploads.AppendAsync(upload, Number(http, "Upload-Offset"), http, http.Request.Headers["Upload-Checksum"], cancellationToken);
        Describe(http, upload, store, offset);
        return TypedResults.NoContent();
    }

    private static Task<IResult> OverrideAsync(string id, HttpContext http, TusService uploads, TusStore store, CancellationToken cancellationToken) =>
        http.Request.Headers["X-HTTP-Method-Override"].ToString() switch
        {
            "PATCH" => PatchAsync(id, http, uploads, store, cancellationToken),
            "HEAD" => HeadAsync(id, http, uploads, store),
            "DELETE" => Task.FromResult<IResult>(Delete(id, http, uploads)),
            var other => throw HttpFaultException.BadRequest("bad_method", $"X-HTTP-Method-Override is '{other}'.", "Send PATCH, HEAD or DELETE.", "X-HTTP-Method-Override"),
        };

    private static NoContent Delete(string id, HttpContext http, TusService uploads)
    {
        RequireVersion(http);
        uploads.Delete(uploads.Require(id, http.User));
        http.Response.Headers["Tus-Resumable"] = Version;
        return TypedResults.NoContent();
    }

    private static void RequireVersion(HttpContext http)
    {
        if (http.Request.Headers["Tus-Resumable"] == Version)
        {
            return;
        }

        http.Response.OnStarting(() =>
        {
            http.Response.Headers["Tus-Version"] = Version;
            return Task.CompletedTask;
        });
        throw new HttpFaultException(StatusCodes.Status412PreconditionFailed, new Fault("tus_version", $"Tus-Resumable is '{http.Request.Headers["Tus-Resumable"]}'.", $"Speak tus {Version}.", "Tus-Resumable"));
    }

    /// <summary>The bytes are counted where they are written, against the length of the upload.</summary>
    private static void Unbind(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private static long Number(HttpContext http, string header) =>
        long.TryParse(http.Request.Headers[header], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw HttpFaultException.BadRequest("bad_header", $"{header} is '{http.Request.Headers[header]}'.", "Send a whole number.", header);

    private static void Describe(HttpContext http, TusUpload upload, TusStore store, long offset)
    {
        var headers = http.Response.Headers;
        headers["Tus-Resumable"] = Version;
        headers["Upload-Offset"] = offset.ToString(CultureInfo.InvariantCulture);
        if (upload.IsFinished)
        {
            headers["Beep-Dataset"] = upload.ResultDatasetId;
            headers["Beep-Version"] = upload.ResultVersion!.Value.ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            headers["Upload-Expires"] = store.ExpiresAt(upload).ToString("R", CultureInfo.InvariantCulture);
        }
    }
}

/// <summary>An upload.</summary>
/// <param name="Filename">As it was cleaned.</param>
/// <param name="Length">How long it will be.</param>
/// <param name="Offset">How many bytes there are.</param>
/// <param name="DatasetId">What it became; null while it is not finished.</param>
/// <param name="ExpiresAt">When it is removed unless it goes on.</param>
internal sealed record UploadView(string Id, string Filename, long Length, long Offset, bool IsFinished, string? DatasetId, int? Version, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static UploadView Of(TusUpload upload, TusStore store) =>
        new(upload.Id, upload.SourceName, upload.Length, store.Offset(upload), upload.IsFinished, upload.ResultDatasetId, upload.ResultVersion, upload.CreatedAt, store.ExpiresAt(upload));
}
