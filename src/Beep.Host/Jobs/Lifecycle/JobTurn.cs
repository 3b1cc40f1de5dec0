using Beep.Contracts;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Lifecycle;

/// <summary>One run of the task of a job. What a run says counts only while it holds the task.</summary>
internal sealed record JobTurn(string JobId, string TaskId, int Attempt);

/// <summary>How far a run is.</summary>
internal sealed record JobProgress(long Step, long TotalSteps, double? Loss, double? EvaluationLoss, long Tokens);

/// <summary>How a run ended.</summary>
/// <param name="State">Succeeded, failed or cancelled.</param>
internal sealed record JobEnd(JobState State)
{
    public JobSummary? Summary { get; init; }

    public Fault? Fault { get; init; }
}
