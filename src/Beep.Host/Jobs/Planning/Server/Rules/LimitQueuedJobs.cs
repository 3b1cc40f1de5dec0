using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Planning.Server.Rules;

/// <summary>How many jobs of a user may wait.</summary>
internal sealed class LimitQueuedJobs : IJobRule
{
    public IEnumerable<PlanProblem> Check(JobFacts facts)
    {
        if (facts.Limits.QueuedJobs is { } limit && facts.Usage.QueuedJobs >= limit)
        {
            yield return PlanProblem.Error("quota_queued_jobs", $"{Units.Count(facts.Usage.QueuedJobs, "job")} of yours {(facts.Usage.QueuedJobs == 1 ? "waits" : "wait")}, and your limit is {limit}.", "Wait until one has begun, or cancel one.", "quota");
        }
    }
}
