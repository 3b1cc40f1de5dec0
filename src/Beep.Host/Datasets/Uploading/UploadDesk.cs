using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets.Files;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Privileges;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets.Uploading;

/// <summary>What is to become of a file that comes in.</summary>
internal sealed record UploadTarget
{
    /// <summary>Who brings it.</summary>
    public required long UserId { get; init; }

    /// <summary>What the file was called, cleaned.</summary>
    public required string SourceName { get; init; }

    /// <summary>The dataset that gets a version; null for a new one.</summary>
    public string? DatasetId { get; init; }

    /// <summary>What a new dataset is called; null for what the file is called.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>What the file's SHA-256 must be; null where nobody says.</summary>
    public string? Sha256 { get; init; }
}

/// <summary>Decides whether a file may come in, and makes a version of one that has come.</summary>
internal sealed class UploadDesk(SourceIntake intake, DatasetStore store, DatasetAccess access, FineTuneDatabase database, HostOptions host, DatasetOptions options, HostPaths paths)
{
    /// <summary>Looks at everything that can be known before the first byte.</summary>
    /// <param name="target">What is wanted.</param>
    /// <param name="caller">Who wants it.</param>
    /// <param name="announced">How long the file is said to be; null where nobody says.</param>
    /// <param name="reserved">What the user's other unfinished uploads will take.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>How many bytes may come.</returns>
    public async Task<ByteLimit> AdmitAsync(UploadTarget target, ClaimsPrincipal caller, long? announced, long reserved, CancellationToken cancellationToken)
    {
        SourceKind.Of(target.SourceName);
        await RequireTargetAsync(target, caller, cancellationToken);
        var limit = await LimitAsync(await OwnerAsync(target, cancellationToken), reserved, cancellationToken);
        if (announced > limit.Bytes)
        {
            throw limit.Refuse();
        }

        RequireDisk(announced ?? 0);
        return limit;
    }

    /// <summary>Whether the dataset that is named is there and may be changed, or the name of a new one is free.</summary>
    public async Task RequireTargetAsync(UploadTarget target, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (target.DatasetId is { } id)
        {
            await access.RequireAsync(id, caller, AccessLevel.Write, cancellationToken);
            return;
        }

        await using var context = database.CreateContext();
        await DatasetStore.RequireFreeNameAsync(context, target.UserId, NameOf(target), 0, cancellationToken);
    }

    /// <summary>Makes a version of a file that has come in whole; the file is gone afterwards.</summary>
    public async Task<AddedVersion> FinishAsync(string received, string sha256, UploadTarget target, AuditActor actor, string? correlationId, CancellationToken cancellationToken)
    {
        if (target.Sha256 is { } expected && !string.Equals(expected, sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw DatasetFaults.WrongChecksum($"The file's SHA-256 is {sha256}, and {expected.ToLowerInvariant()} was announced.");
        }

        var (room, _) = await store.RoomAsync(await OwnerAsync(target, cancellationToken), cancellationToken);
        var source = await intake.StageAsync(received, sha256, target.SourceName, Math.Min(room ?? long.MaxValue, host.MaxUploadBytes), cancellationToken);
        return await store.AddAsync(
            new NewVersion { Source = source, DatasetId = target.DatasetId, Name = NameOf(target), Description = target.Description, OwnerId = target.UserId, Actor = actor, CorrelationId = correlationId },
            cancellationToken);
    }

    /// <summary>A fresh folder for one upload, whose name nobody chose.</summary>
    public string CreateFolder(string id)
    {
        var folder = Path.Combine(paths.Uploads, id);
        PrivateFiles.CreateFolder(paths.Uploads);
        PrivateFiles.CreateFolder(folder);
        return folder;
    }

    /// <summary>Does something with the disk; that it is full is said as such.</summary>
    public static async Task<T> OnDiskAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (IOException error) when (DatasetFaults.IsDiskFull(error))
        {
            throw DatasetFaults.DiskFull();
        }
    }

    private async Task<ByteLimit> LimitAsync(long ownerId, long reserved, CancellationToken cancellationToken)
    {
        var (room, quota) = await store.RoomAsync(ownerId, cancellationToken);
        var left = room is { } free ? Math.Max(0, free - reserved) : long.MaxValue;
        return left < host.MaxUploadBytes ? new ByteLimit(left, () => DatasetFaults.OverQuota(quota!.Value)) : new ByteLimit(host.MaxUploadBytes, () => DatasetFaults.TooLarge(host.MaxUploadBytes));
    }

    private async Task<long> OwnerAsync(UploadTarget target, CancellationToken cancellationToken)
    {
        if (target.DatasetId is not { } id)
        {
            return target.UserId;
        }

        await using var context = database.CreateContext();
        return await context.Set<Dataset>().Where(dataset => dataset.Id == id).Select(dataset => dataset.OwnerId).SingleAsync(cancellationToken);
    }

    private void RequireDisk(long bytes)
    {
        PrivateFiles.CreateFolder(paths.Uploads);
        if (new DriveInfo(paths.Uploads).AvailableFreeSpace - options.DiskReserve < bytes)
        {
            throw DatasetFaults.DiskFull();
        }
    }

    private static string NameOf(UploadTarget target) => target.Name ?? SourceNames.Title(target.SourceName);
}
