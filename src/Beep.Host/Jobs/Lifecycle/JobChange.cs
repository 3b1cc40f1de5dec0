using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Lifecycle;

/// <summary>A change of jobs in its transaction, with what it will say to the jobs' own history and to the audit log.</summary>
internal sealed class JobChange(FineTuneChange both, DateTimeOffset now)
{
    private readonly List<AuditEntry> _entries = [];

    public FineTuneDbContext FineTune => both.FineTune;

    public HostDbContext Host => both.Host;

    /// <summary>The instant of the whole change.</summary>
    public DateTimeOffset Now => now;

    public IReadOnlyList<AuditEntry> Entries => _entries;

    /// <summary>Whether a task was added, which somebody should look at.</summary>
    public bool HasTask { get; set; }

    /// <summary>Goes to another state, and says so.</summary>
    public void Move(Job job, JobState next, AuditActor actor, string type, string message, Fault? fault = null)
    {
        var before = job.State;
        job.Become(next);
        Tell(job, actor, type, message, before, fault);
    }

    /// <summary>Says what happened to a stored job; every change of one ends here, since it makes the row's next revision.</summary>
    /// <param name="job">Which.</param>
    /// <param name="actor">Who did it.</param>
    /// <param name="type">What: <c>queued</c>.</param>
    /// <param name="message">The same for people.</param>
    /// <param name="before">The state that it was in; null where that is the same or it is new.</param>
    /// <param name="fault">Why it failed.</param>
    /// <param name="fields">What of it was changed.</param>
    public void Tell(Job job, AuditActor actor, string type, string message, JobState? before = null, Fault? fault = null, IReadOnlyList<string>? fields = null)
    {
        job.Revision++;
        both.FineTune.Add(new JobEventRow
        {
            JobSeq = job.Seq,
            Type = type,
            Level = fault is not null ? "error" : "info",
            Message = Cut(message, JobEventRow.LongestMessage)!,
            Data = JsonSerializer.Serialize(new { State = job.State.Word(), fault?.Code, fault?.Remedy, job.TaskId }, TaskJson.Options),
            CreatedAt = now,
        });
        _entries.Add(new AuditEntry
        {
            Actor = actor,
            Action = $"job_{type}",
            ResourceType = JobAccess.Resource,
            ResourceId = job.Id,
            Outcome = fault is null ? AuditOutcome.Succeeded : AuditOutcome.Failed,
            Details = new AuditDetails { Name = job.Name, From = before is { } state && state != job.State ? state.Word() : null, To = before is null ? null : job.State.Word(), Reason = fault?.Code, Fields = fields ?? [] },
        });
    }

    /// <summary>Keeps why it failed, or that it did not.</summary>
    public static void SetFault(Job job, Fault? fault) =>
        (job.ErrorCode, job.Error, job.ErrorRemedy) = (Cut(fault?.Code, Job.LongestWord), Cut(fault?.Message, Job.LongestText), Cut(fault?.Remedy, Job.LongestText));

    private static string? Cut(string? text, int longest)
    {
        if (text is null)
        {
            return null;
        }

        var clean = PlainText.Clean(text);
        return clean.Length <= longest ? clean : string.Concat(clean.AsSpan(0, longest - 1), "…");
    }
}
