namespace Beep.Host.Tasks;

/// <summary>A change of a task, for those who watch. Rows are committed in the order of their numbers; see <see cref="TaskLock"/>.</summary>
internal sealed class TaskEventRow
{
    public const int LongestType = 20;

    public long Seq { get; init; }

    public required long TaskSeq { get; init; }

    public required long? OwnerId { get; init; }

    public required string Type { get; init; }

    /// <summary>JSON of the task as it was then.</summary>
    public required string Data { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What can happen to a task.</summary>
internal static class TaskEventTypes
{
    public const string Created = "created";
    public const string Started = "started";
    public const string Progress = "progress";
    public const string Cancelling = "cancelling";
    public const string Requeued = "requeued";

    /// <summary>The last one of every task.</summary>
    public const string Finished = "finished";
}
