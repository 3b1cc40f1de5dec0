using Beep.Host.Data;
using Beep.Host.Jobs.Stored;
using Beep.Host.Quotas;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Uses;

/// <summary>Counts a user's jobs, and what came out of them.</summary>
internal sealed class JobUsage(TimeProvider time) : IUsageSource
{
    public async Task<QuotaUsage> ReadAsync(FineTuneDbContext context, long userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var own = context.Set<Job>().Where(job => job.OwnerId == userId);
        var kept = own.Where(job => job.DeletedAt == null);
        var bytes = await (from artifact in context.Set<Artifact>().Where(artifact => artifact.RemovedAt == null) join job in kept on artifact.JobSeq equals job.Seq select artifact.Bytes).SumAsync(cancellationToken);
        return new QuotaUsage(
            Bytes: bytes,
            QueuedJobs: await kept.CountAsync(job => job.State == JobState.Validating || job.State == JobState.Queued, cancellationToken),
            RunningJobs: await kept.CountAsync(job => job.State == JobState.Running || job.State == JobState.Cancelling, cancellationToken),
            // Deleted ones too: what they took of the month is taken.
            GpuMinutes: Math.Round(await own.Where(job => job.StartedAt >= month).SumAsync(job => job.DeviceSeconds, cancellationToken) / 60, 1));
    }
}
