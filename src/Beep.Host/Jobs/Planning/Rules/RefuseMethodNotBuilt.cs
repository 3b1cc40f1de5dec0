using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>QLoRA and DoRA are not there yet.</summary>
internal sealed class RefuseMethodNotBuilt : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context) =>
        NotBuilt.Unless("method", context.Spec.Method, TrainingMethod.Lora, TrainingMethod.Full);
}
