using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>
/// Which jobs are paused: for the host a pause is a cancellation that keeps its checkpoint, and what tells the two apart is the last thing
/// that was noted about the job.
/// </summary>
internal sealed class PauseMarks(FineTuneWriter writer, TimeProvider time)
{
    private const string Paused = "pause_requested";
    private const string Ended = "pause_ended";

    private static readonly string[] Telling = [Paused, Ended, "resumed", "restarted"];

    /// <summary>The numbers of those that are.</summary>
    public static async Task<IReadOnlySet<long>> FindAsync(FineTuneDbContext context, IReadOnlyList<Job> jobs, CancellationToken cancellationToken)
    {
        var stopped = jobs.Where(job => job.State is JobState.Cancelling or JobState.Cancelled).Select(job => job.Seq).ToList();
        if (stopped.Count == 0)
        {
            return new HashSet<long>();
        }

        var last = await context.Set<JobEventRow>().AsNoTracking().Where(row => stopped.Contains(row.JobSeq) && Telling.Contains(row.Type))
            .GroupBy(row => row.JobSeq).Select(rows => rows.Max(row => row.Seq)).ToListAsync(cancellationToken);
        return await context.Set<JobEventRow>().AsNoTracking().Where(row => last.Contains(row.Seq) && row.Type == Paused).Select(row => row.JobSeq).ToHashSetAsync(cancellationToken);
    }

    public Task BeginAsync(Job job, AuditActor actor, CancellationToken cancellationToken) => NoteAsync(job, Paused, "Asked to save a checkpoint and pause.", actor, cancellationToken);

    public Task EndAsync(Job job, AuditActor actor, CancellationToken cancellationToken) => NoteAsync(job, Ended, "Cancelled while it was paused.", actor, cancellationToken);

    private Task<bool> NoteAsync(Job job, string type, string message, AuditActor actor, CancellationToken cancellationToken) => writer.ChangeAsync((both, _) =>
    {
        both.FineTune.Add(new JobEventRow { JobSeq = job.Seq, Type = type, Level = "info", Message = message, CreatedAt = time.GetUtcNow() });
        var entry = new AuditEntry { Actor = actor, Action = $"job_{type}", ResourceType = JobAccess.Resource, ResourceId = job.Id, Details = new AuditDetails { Name = job.Name } };
        return Task.FromResult((true, entry));
    }, cancellationToken);
}
