using System.Globalization;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets.Checking;
using Beep.Host.Datasets.Files;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Quotas;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets;

/// <summary>Rows that are to become a version.</summary>
internal sealed record NewVersion
{
    public required StagedSource Source { get; init; }

    /// <summary>The dataset that gets the version; null for a new dataset.</summary>
    public string? DatasetId { get; init; }

    /// <summary>What a new dataset is called.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>Whose a new dataset is.</summary>
    public required long OwnerId { get; init; }

    public required AuditActor Actor { get; init; }

    public string? CorrelationId { get; init; }
}

/// <summary>What became of it.</summary>
/// <param name="IsNew">False where the dataset had a version with these bytes.</param>
internal sealed record AddedVersion(Dataset Dataset, DatasetVersion Version, bool IsNew);

/// <summary>Writes datasets and their versions: row, files, task and audit log together or not at all.</summary>
internal sealed class DatasetStore(FineTuneWriter writer, QuotaReader quotas, UsageReader usage, TaskQueue tasks, HostPaths paths, TimeProvider time)
{
    // Any number that nothing else in the database locks: a quota that one change counts, no other uses up meanwhile.
    private const long Turn = 0x6265_6570_6461_7461;

    /// <summary>How many more bytes a user may keep; null for no limit.</summary>
    public async Task<(long? Room, long? Limit)> RoomAsync(long userId, CancellationToken cancellationToken)
    {
        var limits = await quotas.LimitsOfAsync(userId, cancellationToken);
        return limits.Bytes is { } limit ? (Math.Max(0, limit - (await usage.ReadAsync(userId, cancellationToken)).Bytes), limit) : (null, null);
    }

    /// <summary>Adds the version. The staged folder is gone afterwards where it is new, and still there where it is not.</summary>
    /// <exception cref="HttpFaultException">409: the name is taken, the dataset was deleted, or somebody was quicker. 413: the quota does not allow it.</exception>
    public async Task<AddedVersion> AddAsync(NewVersion wanted, CancellationToken cancellationToken)
    {
        string? moved = null;
        try
        {
            var added = await writer.ChangeAllAsync<AddedVersion>(async (change, token) =>
            {
                await LockAsync(change.Host, token);
                var (dataset, isNewDataset) = await FindOrAddAsync(change.FineTune, wanted, token);
                if (await change.FineTune.Set<DatasetVersion>().AsNoTracking().SingleOrDefaultAsync(version => version.DatasetSeq == dataset.Seq && version.Sha256 == wanted.Source.Sha256, token) is { } same)
                {
                    return (new AddedVersion(dataset, same, false), []);
                }

                await RequireRoomAsync(change.FineTune, dataset.OwnerId, wanted.Source.Bytes, isNewDataset, token);
                var version = await AddVersionAsync(change.FineTune, dataset, wanted, token);
                moved = MoveFiles(dataset, version, wanted.Source);
                var task = await tasks.EnqueueAsync(change.Host, CheckTask(dataset, version, null, wanted.OwnerId, wanted.CorrelationId), wanted.Actor, token);
                version.TaskId = task.Id;
                return (new AddedVersion(dataset, version, true), Entries(wanted, dataset, version, isNewDataset));
            }, cancellationToken);
            if (added.IsNew)
            {
                tasks.Wake();
            }

            return added;
        }
        catch (Exception error)
        {
            if (moved is not null)
            {
                Directory.Delete(moved, recursive: true);
                RemoveIfEmpty(Path.GetDirectoryName(moved)!);
            }

            // The unique keys of the tables, where several hosts share a database.
            throw error is DbUpdateException ? HttpFaultException.Conflict("dataset_changed", "The dataset was changed by somebody else at the same moment.", "Look at it, and try again.") : error;
        }
    }

    public static Task LockAsync(HostDbContext context, CancellationToken cancellationToken) =>
        context is PostgresHostDbContext ? context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Turn})", cancellationToken) : Task.CompletedTask;

    /// <summary>The task that checks a version.</summary>
    public static NewTask CheckTask(Dataset dataset, DatasetVersion version, string? modelId, long? ownerId, string? correlationId) =>
        new(ValidateDataset.KindName, string.Create(CultureInfo.InvariantCulture, $"Check {dataset.Name}, version {version.Number}"))
        {
            OwnerId = ownerId,
            Input = new JsonObject { ["dataset"] = dataset.Id, ["version"] = version.Number, ["model"] = modelId },
            CorrelationId = correlationId,
        };

    /// <exception cref="HttpFaultException">409.</exception>
    public static async Task RequireFreeNameAsync(FineTuneDbContext context, long ownerId, string name, long exceptSeq, CancellationToken cancellationToken)
    {
        if (await context.Set<Dataset>().Where(dataset => dataset.OwnerId == ownerId && dataset.DeletedAt == null && dataset.Name == name && dataset.Seq != exceptSeq).Select(dataset => dataset.Id).FirstOrDefaultAsync(cancellationToken) is { } taken)
        {
            throw HttpFaultException.Conflict("name_taken", $"There is a dataset '{name}' already: '{taken}'.", "Add a version to it, or choose another name.");
        }
    }

    private async Task<(Dataset Dataset, bool IsNew)> FindOrAddAsync(FineTuneDbContext context, NewVersion wanted, CancellationToken cancellationToken)
    {
        if (wanted.DatasetId is { } id)
        {
            var found = await context.Set<Dataset>().SingleOrDefaultAsync(dataset => dataset.Id == id, cancellationToken);
            return found is { DeletedAt: null } ? (found, false) : throw HttpFaultException.Conflict("dataset_deleted", $"The dataset '{id}' was deleted.", "Upload it as a new one.");
        }

        await RequireFreeNameAsync(context, wanted.OwnerId, wanted.Name!, 0, cancellationToken);
        var now = time.GetUtcNow();
        var dataset = new Dataset { Id = PublicId.New(), OwnerId = wanted.OwnerId, Name = wanted.Name!, Description = wanted.Description, CreatedAt = now, UpdatedAt = now };
        context.Add(dataset);
        await context.SaveChangesAsync(cancellationToken);
        return (dataset, true);
    }

    private async Task RequireRoomAsync(FineTuneDbContext context, long ownerId, long bytes, bool isNewDataset, CancellationToken cancellationToken)
    {
        var limits = await quotas.LimitsOfAsync(ownerId, cancellationToken);
        var used = await usage.ReadAsync(context, ownerId, cancellationToken);
        if (limits.Bytes is { } most && used.Bytes + bytes > most)
        {
            throw DatasetFaults.OverQuota(most);
        }

        // The new one is counted among them.
        if (isNewDataset && used.Datasets > limits.Datasets)
        {
            throw DatasetFaults.TooManyDatasets(limits.Datasets.Value);
        }
    }

    private async Task<DatasetVersion> AddVersionAsync(FineTuneDbContext context, Dataset dataset, NewVersion wanted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var version = new DatasetVersion
        {
            DatasetSeq = dataset.Seq,
            Number = dataset.LatestVersion + 1,
            FileName = wanted.Source.FileName,
            SourceName = wanted.Source.SourceName,
            Bytes = wanted.Source.Bytes,
            Sha256 = wanted.Source.Sha256,
            CreatedBy = wanted.OwnerId,
            CreatedAt = now,
        };
        context.Add(version);
        (dataset.LatestVersion, dataset.UpdatedAt, dataset.Revision) = (version.Number, now, dataset.Revision + 1);
        await context.SaveChangesAsync(cancellationToken);
        return version;
    }

    private string MoveFiles(Dataset dataset, DatasetVersion version, StagedSource source)
    {
        var folder = paths.DatasetVersion(dataset.Id, version.Number);
        new DatasetManifest
        {
            DatasetId = dataset.Id,
            Version = version.Number,
            File = source.FileName,
            SourceName = source.SourceName,
            Sha256 = source.Sha256,
            Bytes = source.Bytes,
            CreatedAt = version.CreatedAt,
        }.Write(source.Folder);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(folder)!);
        if (Directory.Exists(folder))
        {
            // Of a host that ended between the move and the commit: no row speaks of it.
            Directory.Delete(folder, recursive: true);
        }

        DurableFile.MoveFolder(source.Folder, folder);
        return folder;
    }

    private static IReadOnlyList<AuditEntry> Entries(NewVersion wanted, Dataset dataset, DatasetVersion version, bool isNewDataset)
    {
        AuditEntry Entry(string action, AuditDetails details) =>
            new() { Actor = wanted.Actor, Action = action, ResourceType = DatasetAccess.Resource, ResourceId = dataset.Id, CorrelationId = wanted.CorrelationId, Details = details };

        var added = Entry("dataset_version_added", new AuditDetails { Name = dataset.Name, To = version.Number.ToString(CultureInfo.InvariantCulture), Count = version.Bytes });
        return isNewDataset ? [Entry("dataset_created", new AuditDetails { Name = dataset.Name }), added] : [added];
    }

    private static void RemoveIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }
}
