namespace Beep.Host.Jobs.Stored;

/// <summary>How far a job is; the numbers are stored, and the words are those of the API.</summary>
internal enum JobState
{
    /// <summary>It is kept, and was not started.</summary>
    Draft = 1,
    Validating = 2,
    Queued = 3,
    Running = 4,
    Cancelling = 5,
    Succeeded = 6,
    Failed = 7,
    Cancelled = 8,
}
