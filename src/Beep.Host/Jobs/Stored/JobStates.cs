namespace Beep.Host.Jobs.Stored;

/// <summary>States by the words that the wire has for them, and the ways from one to another.</summary>
internal static class JobStates
{
    public static IReadOnlyList<JobState> All { get; } = Enum.GetValues<JobState>();

    public static string Word(this JobState state) => state switch
    {
        JobState.Draft => "draft",
        JobState.Validating => "validating",
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Cancelling => "cancelling",
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        JobState.Cancelled => "cancelled",
    };

    public static JobState? Read(string word) => All.Cast<JobState?>().FirstOrDefault(state => state!.Value.Word() == word);

    public static bool IsEnd(this JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    /// <summary>Whether the host has it in hand: it waits, is looked at, or runs.</summary>
    public static bool IsActive(this JobState state) => state is JobState.Validating or JobState.Queued or JobState.Running or JobState.Cancelling;

    /// <summary>Every way that there is. One that runs goes back to the queue when its host stops.</summary>
    public static bool MayBecome(this JobState from, JobState to) => (from, to) is
        (JobState.Draft, JobState.Validating)
        or (JobState.Validating, JobState.Queued or JobState.Draft)
        or (JobState.Queued, JobState.Running or JobState.Cancelling or JobState.Cancelled or JobState.Failed or JobState.Succeeded)
        or (JobState.Running, JobState.Cancelling or JobState.Succeeded or JobState.Failed or JobState.Cancelled or JobState.Queued)
        or (JobState.Cancelling, JobState.Cancelled or JobState.Succeeded or JobState.Failed)
        or (JobState.Succeeded or JobState.Failed or JobState.Cancelled, JobState.Queued);
}
