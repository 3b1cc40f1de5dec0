using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Preference optimisation is not there yet.</summary>
internal sealed class RefuseTaskNotBuilt : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context) =>
        NotBuilt.Unless("task", context.Spec.Task, TrainingTask.Sft, TrainingTask.Pretrain);
}
