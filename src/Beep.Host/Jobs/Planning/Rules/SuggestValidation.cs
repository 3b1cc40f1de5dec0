using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Without held-out rows nobody can tell learning from learning by heart.</summary>
internal sealed class SuggestValidation : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Spec.Data.Validation is null && context.Spec.Task is TrainingTask.Sft or TrainingTask.Dpo)
        {
            yield return PlanProblem.Warning("no_validation", "There are no held-out rows, so the run cannot tell learning from learning by heart.", "Keep some rows in a file of their own and name it with --validation.", "data.validation");
        }
    }
}
