using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>There is one worker so far.</summary>
internal sealed class RefuseBackendNotBuilt : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context) => NotBuilt.Unless("backend", context.Spec.Backend, Backend.Torchsharp);
}
