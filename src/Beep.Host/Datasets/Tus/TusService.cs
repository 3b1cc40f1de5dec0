using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Datasets.Files;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Datasets.Tus;

/// <summary>Resumable uploads as tus 1.0 has them; one that is whole becomes a version at once.</summary>
internal sealed class TusService(TusStore store, UploadDesk desk, UploadGate gate, TimeProvider time, IHostApplicationLifetime lifetime)
{
    public TusUpload Require(string id, ClaimsPrincipal caller) =>
        store.Find(id) is { } upload && upload.OwnerId == caller.FindUserId()
            ? upload
            : throw HttpFaultException.NotFound("upload_not_found", "There is no such upload: it was never begun, or was removed.", "Begin a new one.");

    /// <summary>Begins an upload.</summary>
    public async Task<TusUpload> CreateAsync(HttpContext http, long length, string? metadata, CancellationToken cancellationToken)
    {
        var values = TusMetadata.Read(metadata);
        var user = http.User.RequireUserId();
        var target = new UploadTarget
        {
            UserId = user,
            SourceName = SourceNames.Clean(values.GetValueOrDefault("filename") ?? values.GetValueOrDefault("name")),
            DatasetId = values.GetValueOrDefault("dataset"),
            Name = values.ContainsKey("filename") ? DatasetRules.Name(values.GetValueOrDefault("name")) : null,
            Description = DatasetRules.Description(values.GetValueOrDefault("description")),
            Sha256 = DatasetRules.Sha256(values.GetValueOrDefault("sha256")),
        };
        if (length == 0)
        {
            throw DatasetFaults.Unreadable("empty_dataset", $"'{target.SourceName}' is empty.", "Put at least one row into it.");
        }

        gate.Begin(user);
        var open = store.List(user).Where(upload => !upload.IsFinished).ToList();
        gate.RequireFew(open.Count);
        await desk.AdmitAsync(target, http.User, length, open.Sum(upload => upload.Length), cancellationToken);
        var created = new TusUpload
        {
            Id = TusStore.NewId(),
            OwnerId = user,
            Length = length,
            SourceName = target.SourceName,
            DatasetId = target.DatasetId,
            Name = target.Name,
            Description = target.Description,
            Sha256 = target.Sha256,
            Metadata = metadata,
            CreatedAt = time.GetUtcNow(),
        };
        return await UploadDesk.OnDiskAsync(() =>
        {
            store.Create(created);
            return Task.FromResult(created);
        });
    }

    /// <summary>Takes the next bytes; returns how many there are then. What came of a part that broke off is kept.</summary>
    public async Task<(TusUpload Upload, long Offset)> AppendAsync(TusUpload upload, long offset, HttpContext http, string? checksum, CancellationToken cancellationToken)
    {
        using var place = gate.Enter(upload.OwnerId);
        using var held = store.Lock(upload.Id);
        upload = store.Find(upload.Id) ?? throw HttpFaultException.NotFound("upload_not_found", "The upload was removed.", "Begin a new one.");
        var length = store.OffsetLocked(upload);
        if (offset != length)
        {
            throw HttpFaultException.Conflict("offset_mismatch", $"The upload has {length} bytes, and the request goes on from {offset}.", "Ask for the offset with HEAD, and go on from there.");
        }

        if (upload.IsFinished)
        {
            return (upload, length);
        }

        try
        {
            length = await UploadDesk.OnDiskAsync(() => ReceiveAsync(upload, http, checksum, cancellationToken));
        }
        catch (HttpFaultException fault) when (fault.Status is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status507InsufficientStorage)
        {
            store.Delete(upload.Id);
            throw;
        }

        return length < upload.Length ? (upload, length) : (await FinishAsync(upload, http), length);
    }

    /// <summary>Finishes an upload whose last bytes came and whose server then ended; anything else stays as it is.</summary>
    public async Task<TusUpload> SettleAsync(TusUpload upload, HttpContext http)
    {
        if (upload.IsFinished || store.Offset(upload) < upload.Length || store.IsLocked(upload.Id))
        {
            return upload;
        }

        using var held = store.Lock(upload.Id);
        return store.Find(upload.Id) switch
        {
            null => throw HttpFaultException.NotFound("upload_not_found", "The upload was removed.", "Begin a new one."),
            { IsFinished: true } finished => finished,
            var whole => await FinishAsync(whole, http),
        };
    }

    public void Delete(TusUpload upload)
    {
        using var held = store.Lock(upload.Id);
        store.Delete(upload.Id);
    }

    private async Task<long> ReceiveAsync(TusUpload upload, HttpContext http, string? checksum, CancellationToken cancellationToken)
    {
        using var expected = ChunkChecksum.Read(checksum);
        var file = store.OpenToAppend(upload);
        var start = file.Length;
        var hash = store.TakeHash(upload.Id, start);
        using var intake = new FileIntake(file, new ByteLimit(upload.Length, TooLong), hash);
        var isGood = false;
        try
        {
            if (expected is not null)
            {
                store.BeginUnchecked(upload.Id, start);
            }

            await intake.TakeAsync(expected?.Watch(http.Request.Body) ?? http.Request.Body, cancellationToken);
            await intake.FlushAsync(cancellationToken);
            isGood = expected?.IsRight ?? true;
        }
        catch (Exception error) when (expected is null && (error is BadHttpRequestException or OperationCanceledException || (error is IOException io && !DatasetFaults.IsDiskFull(io))))
        {
            // The connection broke: what came is kept, and the client goes on from there.
            await intake.FlushAsync(CancellationToken.None);
            isGood = true;
            throw;
        }
        finally
        {
            if (!isGood)
            {
                await CutAsync(intake, file, start);
            }

            if (expected is not null)
            {
                store.EndUnchecked(upload.Id);
            }

            if (hash is not null && isGood)
            {
                store.GiveHash(upload.Id, hash, intake.Length);
            }
            else
            {
                hash?.Dispose();
            }
        }

        return isGood ? intake.Length : throw DatasetFaults.WrongChecksum("The part that was sent does not come to its Upload-Checksum.");
    }

    private static async Task CutAsync(FileIntake intake, FileStream file, long start)
    {
        try
        {
            await intake.SettleAsync();
            file.SetLength(start);
        }
        catch (IOException)
        {
            // A disk that fails: the mark of what is unchecked stays, and it is cut off before anything else is done with it.
        }
    }

    /// <summary>Whatever becomes of the connection: a client that asks again finds it done.</summary>
    private async Task<TusUpload> FinishAsync(TusUpload upload, HttpContext http)
    {
        var cancellationToken = lifetime.ApplicationStopping;
        var target = new UploadTarget { UserId = upload.OwnerId, SourceName = upload.SourceName, DatasetId = upload.DatasetId, Name = upload.Name, Description = upload.Description, Sha256 = upload.Sha256 };
        try
        {
            var added = await UploadDesk.OnDiskAsync(async () =>
            {
                await desk.RequireTargetAsync(target, http.User, cancellationToken);
                var hash = await store.HashAsync(upload, cancellationToken);
                return await desk.FinishAsync(store.DataOf(upload.Id), hash, target, AuditActors.Of(http), http.TraceIdentifier, cancellationToken);
            });
            var finished = upload with { ResultDatasetId = added.Dataset.Id, ResultVersion = added.Version.Number };
            store.Write(finished);
            store.RemoveBytes(upload.Id);
            return finished;
        }
        catch (HttpFaultException)
        {
            // It will not be better the next time.
            store.Delete(upload.Id);
            throw;
        }
    }

    private static HttpFaultException TooLong() => new(StatusCodes.Status413PayloadTooLarge, new Fault("longer_than_announced", "More bytes came than Upload-Length announced.", "Begin a new upload with its true length."));
}
