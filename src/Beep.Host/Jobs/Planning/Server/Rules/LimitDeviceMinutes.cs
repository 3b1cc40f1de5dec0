using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Planning.Server.Rules;

/// <summary>How long a user may hold devices in a month. What is used up is known; how long the run takes is a guess, and only warned of.</summary>
internal sealed class LimitDeviceMinutes : IJobRule
{
    private const int Minute = 60;

    public IEnumerable<PlanProblem> Check(JobFacts facts)
    {
        if (facts.Limits.GpuMinutes is not { } limit)
        {
            yield break;
        }

        var used = facts.Usage.GpuMinutes;
        if (used >= limit)
        {
            yield return PlanProblem.Error("quota_gpu_minutes", $"You have used {Units.Duration(used * Minute)} of your {Units.Duration((double)limit * Minute)} of this month.", "Wait for the next month, or ask for a larger quota.", "quota");
        }
        else if (facts.Seconds is { } seconds && used + (seconds / Minute) > limit)
        {
            yield return PlanProblem.Warning("quota_gpu_minutes", $"The run takes about {Units.Duration(seconds)}, and {Units.Duration((limit - used) * Minute)} of your month are left.", "Train fewer steps, or ask for a larger quota.", "quota");
        }
    }
}
