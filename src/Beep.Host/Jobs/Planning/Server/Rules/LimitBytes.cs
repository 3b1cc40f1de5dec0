using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Planning.Server.Rules;

/// <summary>How much disk a user may take.</summary>
internal sealed class LimitBytes : IJobRule
{
    public IEnumerable<PlanProblem> Check(JobFacts facts)
    {
        if (facts.Limits.Bytes is { } limit && facts.Usage.Bytes + (facts.Bytes ?? 0) > limit)
        {
            yield return PlanProblem.Error("quota_bytes", $"You hold {Units.Bytes(facts.Usage.Bytes)}, the run writes about {Units.Bytes(facts.Bytes ?? 0)}, and your limit is {Units.Bytes(limit)}.", "Delete datasets or jobs that are not needed, or ask for a larger quota.", "quota");
        }
    }
}
