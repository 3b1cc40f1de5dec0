namespace Beep.Host.Tasks;

/// <summary>Where a task stands; the numbers are stored.</summary>
internal enum TaskState
{
    Pending = 1,
    Running = 2,
    Completed = 3,
    Failed = 4,
    Cancelled = 5,
}

/// <summary>States by the words that the wire has for them.</summary>
internal static class TaskStates
{
    public static string Word(this TaskState state) => state switch
    {
        TaskState.Pending => "pending",
        TaskState.Running => "running",
        TaskState.Completed => "completed",
        TaskState.Failed => "failed",
        TaskState.Cancelled => "cancelled",
    };

    public static TaskState? Read(string word) => Enum.GetValues<TaskState>().Cast<TaskState?>().FirstOrDefault(state => state!.Value.Word() == word);

    public static bool IsEnd(this TaskState state) => state is TaskState.Completed or TaskState.Failed or TaskState.Cancelled;

    /// <summary>Every way from one state to another that there is.</summary>
    public static bool MayBecome(this TaskState from, TaskState to) => (from, to) is
        (TaskState.Pending, TaskState.Running or TaskState.Cancelled)
        or (TaskState.Running, TaskState.Completed or TaskState.Failed or TaskState.Cancelled or TaskState.Pending);
}
