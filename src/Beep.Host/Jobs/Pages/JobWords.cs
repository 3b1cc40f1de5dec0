using Beep.Host.Hosting;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Jobs.Runs.Pages;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Pages;

/// <summary>Jobs in words.</summary>
internal static class JobWords
{
    public static string Badge(string state) => RunWords.Badge(JobStates.Read(state)!.Value);

    public static bool IsActive(JobView job) => job.State is "queued" or "running" or "cancelling" or "validating";

    /// <summary>0 to 100.</summary>
    public static int Percent(JobView job) => job.State == "succeeded" ? 100 : job.TotalSteps > 0 ? (int)Math.Clamp(100 * job.Step / job.TotalSteps, 0, 100) : 0;

    /// <summary>How far it is, or what it waits for, or why it failed.</summary>
    public static string? Progress(JobView job) => job switch
    {
        { Error: { } error } => error.Message,
        { Queue: { } place } => $"{(place.Position is { } position ? $"No. {position}. " : "")}{place.Reason}",
        { TotalSteps: > 0 } => $"Step {Units.Count(job.Step)} of {Units.Count(job.TotalSteps)}",
        { State: "running" } => "Preparing",
        _ => null,
    };

    /// <summary>How long it has run or did.</summary>
    public static string? Took(JobView job, DateTimeOffset now) =>
        job.StartedAt is { } started && job.State != "queued" ? Units.Duration(Math.Max(0, ((job.FinishedAt ?? now) - started).TotalSeconds)) : null;

    /// <summary>When a planned job would begin.</summary>
    public static string Starts(JobPlan plan) => plan.Queue switch
    {
        null => "",
        { StartsInSeconds: 0 } => plan.Placement?.Executor == Placement.Slurm ? "Submitted to the cluster at once, which decides when it starts." : "Starts at once.",
        { StartsInSeconds: { } seconds } place => $"{place.Reason} Starts in about {Units.Duration(seconds)}.",
        var place => $"{place.Reason} Nobody can say when it starts.",
    };
}
