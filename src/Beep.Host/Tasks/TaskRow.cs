namespace Beep.Host.Tasks;

/// <summary>A task as it is stored. Only <see cref="TaskStore"/> changes one.</summary>
internal sealed class TaskRow
{
    public const int LongestId = 16;
    public const int LongestKind = 50;
    public const int LongestName = 200;
    public const int LongestMessage = 500;
    public const int LongestProcess = 200;
    public const int LongestText = 4000;

    /// <summary>Rises with every task: lists and the queue are in its order.</summary>
    public long Seq { get; init; }

    /// <summary>What the task is known by outside: 16 hexadecimal digits, drawn at random.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Kind { get; init; }

    public TaskState Status { get; private set; } = TaskState.Pending;

    /// <summary>0 to 100.</summary>
    public int Progress { get; set; }

    public string? Message { get; set; }

    /// <summary>JSON of the steps, in their order.</summary>
    public string? Steps { get; set; }

    /// <summary>JSON of what came out.</summary>
    public string? Result { get; set; }

    public string? Error { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorRemedy { get; set; }

    /// <summary>The user's id; null when the host itself wanted it.</summary>
    public long? OwnerId { get; init; }

    /// <summary>JSON of what the handler is given.</summary>
    public string? Input { get; init; }

    /// <summary><c>io</c>, <c>cpu</c> or <c>gpu:2</c>.</summary>
    public required string ResourceClass { get; init; }

    /// <summary>How often it was begun. With the host it says which run holds the task.</summary>
    public int Attempts { get; set; }

    /// <summary>Which host runs it; null when none does.</summary>
    public string? HostId { get; set; }

    /// <summary>Until when nobody else may take it.</summary>
    public DateTimeOffset? LeaseExpiresAt { get; set; }

    public DateTimeOffset? HeartbeatAt { get; set; }

    /// <summary>The child that was started last, as <see cref="Hosting.Processes.ProcessIdentity"/> writes it.</summary>
    public string? Process { get; set; }

    public DateTimeOffset? CancelRequestedAt { get; set; }

    /// <summary>The request that it came from.</summary>
    public string? CorrelationId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>Rises with every change: a change is made to the row that was read, or not at all.</summary>
    public int Version { get; set; }

    /// <summary>Goes to another state.</summary>
    /// <exception cref="InvalidOperationException">There is no way from this one.</exception>
    public void Become(TaskState next) =>
        Status = Status.MayBecome(next) ? next : throw new InvalidOperationException($"The task '{Id}' is {Status.Word()} and cannot become {next.Word()}.");
}
