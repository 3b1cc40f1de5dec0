using System.Text;
using Beep.Host.Audit;
using Beep.Host.Datasets.Files;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Beep.Host.Datasets.Uploading;

/// <summary>
/// Receives a form with one file, part by part and straight to the disk. Fields may stand before or behind the file; whatever is wrong,
/// nothing of it stays.
/// </summary>
internal sealed class MultipartUpload(UploadDesk desk, UploadGate gate, DatasetOptions options)
{
    private const int MostParts = 8;
    private const int LongestBoundary = 70;
    private const int HeaderBytes = 8 << 10;
    private const int FieldBytes = 16 << 10;
    private const int BufferBytes = 1 << 16;

    /// <param name="http">The request.</param>
    /// <param name="wanted">Which fields there are beside the file.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<AddedVersion> ReceiveAsync(HttpContext http, IUploadForm wanted, CancellationToken cancellationToken)
    {
        // The form's own bytes are counted here, and those of the file in it where it is written.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        var boundary = Boundary(http.Request);
        var user = http.User.RequireUserId();
        gate.Begin(user);
        using var place = gate.Enter(user);
        var folder = desk.CreateFolder(PublicId.New());
        try
        {
            return await UploadDesk.OnDiskAsync(async () =>
            {
                var form = await ReadAsync(http, boundary, new Form(wanted, user), Path.Combine(folder, "data"), cancellationToken);
                var target = await form.ToTargetAsync(isWhole: true, cancellationToken);
                await desk.RequireTargetAsync(target, http.User, cancellationToken);
                return await desk.FinishAsync(form.Path!, form.Hash!, target, AuditActors.Of(http), http.TraceIdentifier, cancellationToken);
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<Form> ReadAsync(HttpContext http, string boundary, Form form, string path, CancellationToken cancellationToken)
    {
        var reader = new MultipartReader(boundary, http.Request.Body, BufferBytes) { HeadersCountLimit = MostParts, HeadersLengthLimit = HeaderBytes };
        try
        {
            for (var parts = 1; await reader.ReadNextSectionAsync(cancellationToken) is { } section; parts++)
            {
                if (parts > MostParts)
                {
                    throw Bad("too_many_parts", $"The form has more than {MostParts} parts.");
                }

                await TakeAsync(http, section, form, path, cancellationToken);
            }
        }
        catch (InvalidDataException)
        {
            throw Bad("bad_form", "The form is not one: a part or its heading is too long, or badly written.");
        }
        catch (IOException error) when (!DatasetFaults.IsDiskFull(error) && error is not BadHttpRequestException)
        {
            throw Bad("bad_form", "The form ends in the middle.");
        }

        return form.Path is null ? throw Bad("file_missing", "The form has no file.") : form;
    }

    private async Task TakeAsync(HttpContext http, MultipartSection section, Form form, string path, CancellationToken cancellationToken)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || disposition.DispositionType != "form-data")
        {
            throw Bad("bad_form", "A part of the form does not say what it is.");
        }

        var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value;
        var fileName = disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName;
        if (!fileName.HasValue && name != "file")
        {
            form.Set(name, await ReadFieldAsync(section, cancellationToken));
            return;
        }

        if (form.Path is not null)
        {
            throw Bad("file_twice", "The form has two files.");
        }

        form.SourceName = SourceNames.Clean(HeaderUtilities.RemoveQuotes(fileName).Value);
        var limit = await desk.AdmitAsync(await form.ToTargetAsync(isWhole: false, cancellationToken), http.User, announced: null, reserved: 0, cancellationToken);
        using var file = new FileIntake(options.Create(path), limit);
        form.Path = path;
        await file.TakeAsync(section.Body, cancellationToken);
        await file.FlushAsync(cancellationToken);
        form.Hash = file.Sha256();
    }

    private static async Task<string> ReadFieldAsync(MultipartSection section, CancellationToken cancellationToken)
    {
        var bytes = new byte[FieldBytes + 1];
        var read = await section.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return read <= FieldBytes ? Encoding.UTF8.GetString(bytes, 0, read) : throw Bad("field_too_long", "A field of the form is too long.");
    }

    private static string Boundary(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpFaultException(StatusCodes.Status415UnsupportedMediaType, new Contracts.Fault("unsupported_media_type", "The body is no form with a file.", "Send multipart/form-data with a part named file."));
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        return boundary is { Length: > 0 and <= LongestBoundary } ? boundary : throw Bad("bad_form", "The form's boundary is missing or too long.");
    }

    private static HttpFaultException Bad(string code, string message) =>
        HttpFaultException.BadRequest(code, message, "Send one part named file, and where wanted the fields name, description and sha256.", "file");

    /// <summary>What was read of it so far.</summary>
    private sealed class Form(IUploadForm wanted, long userId)
    {
        private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

        public string? SourceName { get; set; }

        public string? Path { get; set; }

        public string? Hash { get; set; }

        public void Set(string? name, string value)
        {
            if (name is null || !wanted.Takes(name))
            {
                throw Bad("unknown_field", $"The form has a field '{new string([.. (name ?? "").Where(letter => !char.IsControl(letter)).Take(80)])}', which means nothing here.");
            }

            if (!_fields.TryAdd(name, value))
            {
                throw Bad("field_twice", $"The form has the field '{name}' twice.");
            }
        }

        public Task<UploadTarget> ToTargetAsync(bool isWhole, CancellationToken cancellationToken) => wanted.ToTargetAsync(SourceName!, _fields, userId, isWhole, cancellationToken);
    }
}
