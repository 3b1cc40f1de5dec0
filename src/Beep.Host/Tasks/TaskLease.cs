namespace Beep.Host.Tasks;

/// <summary>The right to work on a task: one host's, for one of its runs. Whoever lost it changes nothing any more.</summary>
internal sealed record TaskLease(long Seq, string HostId, int Attempt);

/// <summary>How a run ended.</summary>
internal sealed record TaskEnd(TaskState State)
{
    public string? Message { get; init; }

    public string? Result { get; init; }

    public Contracts.Fault? Fault { get; init; }
}

/// <summary>What became of a wish to cancel.</summary>
internal enum CancelAnswer
{
    /// <summary>It is being stopped, or never begins.</summary>
    Requested = 1,

    /// <summary>Somebody wanted it before.</summary>
    RequestedBefore = 2,

    /// <summary>It has ended.</summary>
    Finished = 3,
}
