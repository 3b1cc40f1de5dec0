using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Artifacts;
using Beep.Host.Jobs.Queueing;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Quotas;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Lifecycle;

/// <summary>
/// Everything that changes a job. Its changes wait for each other, go from expected states only, and are in the job's history and in the
/// audit log or did not happen. Who may is asked before.
/// </summary>
internal sealed partial class JobService(
    FineTuneWriter writer, FineTuneDatabase database, TaskQueue tasks, TaskReader taskReader, JobQueue queue, JobSlots slots, ArtifactStore store, ModelCards cards, QuotaReader quotas, JobSignals signals, HostPaths paths, TimeProvider time)
{
    /// <summary>How many jobs a user may make in an hour.</summary>
    public const int MostPerHour = 30;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Makes a job, and queues it where it is to start. The same key with the same request gives the job that it made before.</summary>
    /// <returns>The job, and whether it is new.</returns>
    public async Task<(Job Job, bool IsNew)> CreateAsync(JobDraft draft, bool start, AuditActor actor, CancellationToken cancellationToken)
    {
        var folder = new JobFolder(paths.Job(draft.Id));
        var isKept = false;
        try
        {
            var made = await ChangeAsync(async (change, token) =>
            {
                if (await FindByKeyAsync(change, draft, token) is { } known)
                {
                    return (known, false);
                }

                await RequireRateAsync(change, draft.OwnerId, token);
                await RequireSourcesAsync(change, draft, token);
                var job = Make(draft, change.Now);
                if (start)
                {
                    await RequireRoomAsync(change, job, token);
                    (job.State, job.QueuedAt) = (JobState.Queued, change.Now);
                }

                change.FineTune.Add(job);
                await change.FineTune.SaveChangesAsync(token);
                change.Tell(job, actor, "created", start ? "Created, and queued." : "Created as a draft.", JobState.Draft);
                if (start)
                {
                    WriteFolder(draft.Id, draft.Spec, draft.Split);
                    await HandOverAsync(change, token);
                }

                return (job, true);
            }, cancellationToken);
            isKept = made.Item2 && start;
            return made;
        }
        finally
        {
            if (!isKept)
            {
                JobFiles.Remove(folder, []);
            }
        }
    }

    /// <summary>Renames it, or gives it another place in the queue.</summary>
    public Task<Job> UpdateAsync(string id, string? name, int? priority, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(id, (change, job, _) =>
    {
        List<string> fields = [];
        if (name is not null && name != job.Name)
        {
            job.Name = name;
            fields.Add("name");
        }

        if (priority is { } wanted && wanted != job.Priority)
        {
            job.Priority = wanted;
            fields.Add("priority");
        }

        if (fields.Count > 0)
        {
            change.Tell(job, actor, "updated", $"Changed: {string.Join(", ", fields)}.", fields: fields);
        }

        return Task.CompletedTask;
    }, cancellationToken);

    /// <summary>Deletes it with its files, but for artifacts that registered models are made of; the row stays for lineage.</summary>
    public async Task DeleteAsync(string id, AuditActor actor, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<string> kept = [];
        await ChangeAsync(id, async (change, job, token) =>
        {
            if (job.State.IsActive())
            {
                throw JobFaults.Active(job, "Cancel it first.");
            }

            kept = await KeptArtifactsAsync(change, job, token);
            job.DeletedAt = change.Now;
            await change.FineTune.Set<Artifact>().Where(artifact => artifact.JobSeq == job.Seq && artifact.RemovedAt == null && !kept.Contains(artifact.Name))
                .ExecuteUpdateAsync(set => set.SetProperty(artifact => artifact.RemovedAt, change.Now), token);
            change.Tell(job, actor, "deleted", "Deleted with its files.");
        }, cancellationToken);
        JobFiles.Remove(new JobFolder(paths.Job(id)), kept);
        // What was worked out from it goes, too.
        JobFiles.Remove(new JobFolder(paths.RunCache(id)), []);
    }

    /// <summary>Names of the artifacts that a model of the registry is made of, in the job's own folder.</summary>
    private static async Task<IReadOnlyCollection<string>> KeptArtifactsAsync(JobChange change, Job job, CancellationToken cancellationToken)
    {
        var named = await change.FineTune.Set<Artifact>().AsNoTracking().Where(artifact => artifact.JobSeq == job.Seq && artifact.ModelId != null)
            .Select(artifact => new { artifact.Name, artifact.ModelId }).ToListAsync(cancellationToken);
        var ids = named.Select(artifact => artifact.ModelId!).ToList();
        var there = await change.Host.Set<Models.Model>().AsNoTracking().Where(model => ids.Contains(model.Id)).Select(model => model.Id).ToListAsync(cancellationToken);
        return [.. named.Where(artifact => there.Contains(artifact.ModelId!)).Select(artifact => artifact.Name)];
    }

    private void WriteFolder(string id, JobSpec spec, RowSplit? split)
    {
        var folder = new JobFolder(paths.Job(id));
        JobFiles.WriteSpec(folder, spec);
        split?.Write(folder);
    }

    private static Job Make(JobDraft draft, DateTimeOffset now) => new()
    {
        Id = draft.Id,
        OwnerId = draft.OwnerId,
        Name = draft.Name,
        ModelId = draft.ModelId,
        ModelName = draft.ModelName,
        DatasetVersionSeq = draft.DatasetVersionSeq,
        ValidationVersionSeq = draft.ValidationVersionSeq,
        ParentId = draft.ParentId,
        Preset = draft.Preset,
        Backend = SpecWriter.WireName(draft.Spec.Backend),
        Method = SpecWriter.WireName(draft.Spec.Method),
        Placement = draft.Placement.ToJson(),
        ResourceClass = draft.Placement.ResourceClass,
        Spec = draft.StoredSpec,
        Plan = draft.Plan,
        Priority = draft.Priority,
        Suffix = draft.Suffix,
        Metadata = draft.Metadata,
        IdempotencyKey = draft.IdempotencyKey,
        RequestHash = draft.RequestHash,
        CreatedAt = now,
    };

    private static async Task<Job?> FindByKeyAsync(JobChange change, JobDraft draft, CancellationToken cancellationToken)
    {
        if (draft.IdempotencyKey is not { } key)
        {
            return null;
        }

        var known = await change.FineTune.Set<Job>().AsNoTracking().SingleOrDefaultAsync(job => job.OwnerId == draft.OwnerId && job.IdempotencyKey == key, cancellationToken);
        return known is null || known.RequestHash == draft.RequestHash ? known : throw JobFaults.KeyReused();
    }

    /// <summary>The newest jobs of a user tell how many were made within the hour.</summary>
    private static async Task RequireRateAsync(JobChange change, long owner, CancellationToken cancellationToken)
    {
        var since = change.Now - Hour;
        var made = await change.FineTune.Set<Job>().Where(job => job.OwnerId == owner && job.CreatedAt > since).OrderByDescending(job => job.CreatedAt).Take(MostPerHour)
            .Select(job => job.CreatedAt).ToListAsync(cancellationToken);
        if (made.Count >= MostPerHour)
        {
            throw JobFaults.TooManyJobs(MostPerHour, made[^1] + Hour - change.Now);
        }
    }

    /// <summary>They were ready when the job was planned; meanwhile somebody may have deleted them.</summary>
    private static async Task RequireSourcesAsync(JobChange change, JobDraft draft, CancellationToken cancellationToken)
    {
        var seqs = new[] { draft.DatasetVersionSeq, draft.ValidationVersionSeq ?? draft.DatasetVersionSeq }.Distinct().ToList();
        var ready = await (
            from version in change.FineTune.Set<DatasetVersion>()
            join dataset in change.FineTune.Set<Dataset>() on version.DatasetSeq equals dataset.Seq
            where seqs.Contains(version.Seq) && version.State == DatasetState.Ready && dataset.DeletedAt == null
            select version.Seq).CountAsync(cancellationToken);
        if (ready < seqs.Count)
        {
            throw HttpFaultException.Conflict("dataset_deleted", "The dataset was deleted meanwhile.", "Choose another one.");
        }
    }

    private async Task RequireRoomAsync(JobChange change, Job job, CancellationToken cancellationToken)
    {
        if ((await quotas.LimitsOfAsync(job.OwnerId, cancellationToken)).QueuedJobs is { } limit)
        {
            var waiting = await change.FineTune.Set<Job>().CountAsync(other => other.State == JobState.Queued && other.OwnerId == job.OwnerId, cancellationToken);
            if (waiting >= limit)
            {
                throw JobFaults.QueueFull(limit, waiting);
            }
        }
    }

    /// <summary>A change of one job that is not deleted.</summary>
    private async Task<Job> ChangeAsync(string id, Func<JobChange, Job, CancellationToken, Task> change, CancellationToken cancellationToken) => await ChangeAsync(async (all, token) =>
    {
        var job = await all.FineTune.Set<Job>().SingleOrDefaultAsync(found => found.Id == id, token) ?? throw JobFaults.NotFound();
        if (job.DeletedAt is not null)
        {
            throw JobFaults.Deleted(id);
        }

        await change(all, job, token);
        return job;
    }, cancellationToken);

    private async Task<T> ChangeAsync<T>(Func<JobChange, CancellationToken, Task<T>> change, CancellationToken cancellationToken)
    {
        var (hasTask, hasChanged) = (false, false);
        var result = await writer.ChangeAllAsync<T>(async (both, token) =>
        {
            // The lock of tasks first: so nobody who changes jobs and tasks waits for somebody who changes tasks and jobs.
            var work = new JobChange(both, await TaskLock.TakeAsync(both.Host, time, token));
            var made = await change(work, token);
            (hasTask, hasChanged) = (work.HasTask, work.Entries.Count > 0);
            return (made, work.Entries);
        }, cancellationToken);
        if (hasTask)
        {
            tasks.Wake();
        }

        if (hasChanged)
        {
            signals.Changed();
        }

        return result;
    }
}
