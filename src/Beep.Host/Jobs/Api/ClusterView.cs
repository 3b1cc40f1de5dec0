using Beep.Contracts;
using Beep.Host.Jobs.Executors.Slurm;

namespace Beep.Host.Jobs.Api;

/// <summary>A run on a cluster, as the host that watches it saw it last.</summary>
internal sealed record ClusterView
{
    /// <summary>Slurm's own number; null until it is submitted.</summary>
    public long? Number { get; init; }

    /// <summary>Slurm's own word: <c>PENDING</c>.</summary>
    public string? State { get; init; }

    /// <summary>Why it waits, for people; null where it does not.</summary>
    public string? Waiting { get; init; }

    public string? Partition { get; init; }

    public string? Nodes { get; init; }

    public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>When it began, or is thought to begin.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>When its time is over.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>What the folder of a job says; null for one that was never on a cluster, or not for this task.</summary>
    /// <param name="folder">The job folder.</param>
    /// <param name="taskId">The task whose run is meant; null for the last one.</param>
    public static ClusterView? Read(JobFolder folder, string? taskId) => SlurmRecord.Read(folder) is not { } record || (taskId ?? record.Task) != record.Task ? null : new ClusterView
    {
        Number = record.Number,
        State = record.State,
        Waiting = record.State is null || new SlurmJob(0, record.State).IsWaiting ? SlurmReasons.Waiting(record.Reason, record.IsPreempted) : null,
        Partition = record.Partition,
        Nodes = record.Nodes,
        SubmittedAt = record.SubmittedAt,
        StartsAt = record.StartsAt,
        EndsAt = record.EndsAt,
    };
}
