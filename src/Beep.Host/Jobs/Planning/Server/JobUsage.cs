using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What a user has used up.</summary>
/// <param name="QueuedJobs">How many wait.</param>
/// <param name="RunningJobs">How many run.</param>
/// <param name="DeviceMinutes">Since the month began, in UTC.</param>
/// <param name="Bytes">Of datasets and of what came out of jobs.</param>
internal sealed record JobUsage(int QueuedJobs, int RunningJobs, double DeviceMinutes, long Bytes);

/// <summary>Counts it.</summary>
internal sealed class JobUsageReader(FineTuneDatabase database, TimeProvider time)
{
    public async Task<JobUsage> ReadAsync(long userId, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var now = time.GetUtcNow();
        var month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var own = context.Set<Job>().AsNoTracking().Where(job => job.OwnerId == userId);
        var states = await own.Where(job => job.State == JobState.Queued || job.State == JobState.Running || job.State == JobState.Cancelling)
            .GroupBy(job => job.State).Select(group => new { group.Key, Count = group.Count() }).ToListAsync(cancellationToken).ConfigureAwait(false);
        // A run counts in the month in which it was begun last.
        var seconds = await own.Where(job => job.StartedAt >= month).SumAsync(job => job.DeviceSeconds, cancellationToken).ConfigureAwait(false);
        var datasets = await (
            from version in context.Set<DatasetVersion>()
            join dataset in context.Set<Dataset>() on version.DatasetSeq equals dataset.Seq
            where dataset.OwnerId == userId && dataset.DeletedAt == null
            select (long?)version.Bytes).SumAsync(cancellationToken).ConfigureAwait(false) ?? 0;
        var artifacts = await (
            from artifact in context.Set<Artifact>()
            join job in context.Set<Job>() on artifact.JobSeq equals job.Seq
            where job.OwnerId == userId && artifact.RemovedAt == null
            select (long?)artifact.Bytes).SumAsync(cancellationToken).ConfigureAwait(false) ?? 0;
        return new JobUsage(
            states.Where(state => state.Key == JobState.Queued).Sum(state => state.Count),
            states.Where(state => state.Key != JobState.Queued).Sum(state => state.Count),
            seconds / 60,
            datasets + artifacts);
    }
}
