using Beep.Host.Data;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Stored;
using Beep.Host.Quotas;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Queueing;

/// <summary>A job that the host has in hand, beside its task.</summary>
internal sealed record JobInHand(string Id, string? TaskId, JobState State, TaskState? TaskState, bool IsTaskCancelled);

/// <summary>Reads who waits and who runs.</summary>
internal sealed class JobQueue(HostDatabase host, FineTuneDatabase fineTune, QuotaReader quotas, JobSlots slots, TimeProvider time)
{
    /// <summary>The jobs whose turn it is on this host.</summary>
    public async Task<IReadOnlyList<WaitingJob>> PickAsync(JobChange change, CancellationToken cancellationToken)
    {
        List<WaitingJob> picked = [];
        var waiting = await WaitingAsync(change.FineTune, cancellationToken).ConfigureAwait(false);
        if (waiting.Count == 0)
        {
            return [];
        }

        Dictionary<long, OwnerShare>? shares = null;
        foreach (var group in waiting.GroupBy(job => job.ResourceClass))
        {
            if (await slots.FreeAsync(change.Host, group.Key, cancellationToken).ConfigureAwait(false) is > 0 and var room)
            {
                shares ??= await SharesAsync(change.FineTune, waiting.Select(job => job.OwnerId), cancellationToken).ConfigureAwait(false);
                foreach (var job in JobOrder.Next(group, shares, change.Now, room))
                {
                    picked.Add(job);
                    shares[job.OwnerId] = shares[job.OwnerId] with { Running = shares[job.OwnerId].Running + 1, LastStart = change.Now };
                }
            }
        }

        return picked;
    }

    /// <summary>Whether somebody waits for whom this host has room; a quota may still hold them.</summary>
    public async Task<bool> CanHandOverAsync(CancellationToken cancellationToken)
    {
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var classes = await context.Set<Job>().Where(job => job.State == JobState.Queued && job.TaskId == null).Select(job => job.ResourceClass).Distinct().ToListAsync(cancellationToken).ConfigureAwait(false);
        if (classes.Count == 0)
        {
            return false;
        }

        var other = host.CreateContext();
        await using var __ = other.ConfigureAwait(false);
        foreach (var resourceClass in classes)
        {
            if (await slots.FreeAsync(other, resourceClass, cancellationToken).ConfigureAwait(false) > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Who waits in which order, who runs, and what the owners may.</summary>
    public async Task<QueueView> ReadAsync(IEnumerable<long> alsoOwners, CancellationToken cancellationToken)
    {
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var active = await context.Set<Job>().AsNoTracking().Where(job => job.State == JobState.Queued || job.State == JobState.Running || job.State == JobState.Cancelling)
            .Select(job => new ActiveJob(job.Seq, job.Id, job.OwnerId, job.Priority, job.QueuedAt ?? job.CreatedAt, job.ResourceClass, job.State, job.TaskId, job.StartedAt, job.Step, job.TotalSteps, job.Plan))
            .ToListAsync(cancellationToken).ConfigureAwait(false);
        var shares = await SharesAsync(context, active.Where(job => job.IsWaiting).Select(job => job.OwnerId).Concat(alsoOwners), cancellationToken).ConfigureAwait(false);
        return new QueueView(active, shares, slots, time.GetUtcNow());
    }

    /// <summary>Every job that has a task, or should have one, with what its task is.</summary>
    public async Task<IReadOnlyList<JobInHand>> InHandAsync(CancellationToken cancellationToken)
    {
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var jobs = await context.Set<Job>().AsNoTracking()
            .Where(job => job.State == JobState.Running || job.State == JobState.Cancelling || (job.State == JobState.Queued && job.TaskId != null))
            .Select(job => new { job.Id, job.TaskId, job.State }).ToListAsync(cancellationToken).ConfigureAwait(false);
        if (jobs.Count == 0)
        {
            return [];
        }

        var ids = jobs.Select(job => job.TaskId).ToList();
        var other = host.CreateContext();
        await using var __ = other.ConfigureAwait(false);
        var tasks = await other.Set<TaskRow>().AsNoTracking().Where(task => ids.Contains(task.Id))
            .Select(task => new { task.Id, task.Status, IsCancelled = task.CancelRequestedAt != null }).ToDictionaryAsync(task => task.Id, StringComparer.Ordinal, cancellationToken).ConfigureAwait(false);
        return [.. jobs.Select(job => job.TaskId is { } id && tasks.TryGetValue(id, out var task)
            ? new JobInHand(job.Id, id, job.State, task.Status, task.IsCancelled)
            : new JobInHand(job.Id, job.TaskId, job.State, null, false))];
    }

    /// <summary>Drafts that somebody has been looking at since before an instant.</summary>
    public async Task<IReadOnlyList<string>> AbandonedAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var context = fineTune.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<Job>().AsNoTracking()
            .Where(job => job.State == JobState.Validating && job.DeletedAt == null && !context.Set<JobEventRow>().Any(happened => happened.JobSeq == job.Seq && happened.CreatedAt >= before))
            .Select(job => job.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<WaitingJob>> WaitingAsync(FineTuneDbContext context, CancellationToken cancellationToken)
    {
        var rows = await context.Set<Job>().AsNoTracking().Where(job => job.State == JobState.Queued && job.TaskId == null)
            .Select(job => new { job.Seq, job.Id, job.OwnerId, job.Priority, At = job.QueuedAt ?? job.CreatedAt, job.ResourceClass }).ToListAsync(cancellationToken).ConfigureAwait(false);
        return [.. rows.Select(row => new WaitingJob(row.Seq, row.Id, row.OwnerId, row.Priority, row.At, row.ResourceClass))];
    }

    private async Task<Dictionary<long, OwnerShare>> SharesAsync(FineTuneDbContext context, IEnumerable<long> owners, CancellationToken cancellationToken)
    {
        var ids = owners.Distinct().ToList();
        var running = await context.Set<Job>().AsNoTracking()
            .Where(job => ids.Contains(job.OwnerId) && (job.State == JobState.Running || job.State == JobState.Cancelling || (job.State == JobState.Queued && job.TaskId != null)))
            .GroupBy(job => job.OwnerId).Select(owner => new { owner.Key, Count = owner.Count() }).ToDictionaryAsync(owner => owner.Key, owner => owner.Count, cancellationToken).ConfigureAwait(false);
        Dictionary<long, OwnerShare> shares = [];
        foreach (var id in ids)
        {
            var last = await context.Set<Job>().AsNoTracking().Where(job => job.OwnerId == id && job.StartedAt != null).OrderByDescending(job => job.StartedAt)
                .Select(job => job.StartedAt).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            shares[id] = new OwnerShare(running.GetValueOrDefault(id), last, (await quotas.LimitsOfAsync(id, cancellationToken).ConfigureAwait(false)).RunningJobs);
        }

        return shares;
    }
}
