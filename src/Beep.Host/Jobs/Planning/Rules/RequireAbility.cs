using Beep.Contracts;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>Not every backend does every method and every task.</summary>
internal sealed class RequireAbility : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        var (backend, method, task) = (context.Spec.Backend, context.Spec.Method, context.Spec.Task);
        if (!BackendAbilities.Does(backend, method))
        {
            yield return Refuse("method", SpecWriter.WireName(method), backend, BackendAbilities.With(other => BackendAbilities.Does(other, method)));
        }

        if (!BackendAbilities.Does(backend, task))
        {
            yield return Refuse("task", SpecWriter.WireName(task), backend, BackendAbilities.With(other => BackendAbilities.Does(other, task)));
        }
    }

    private static PlanProblem Refuse(string field, string value, Backend backend, IReadOnlyList<Backend> others) =>
        PlanProblem.Error(
            "backend_cannot",
            $"'{field}' is '{value}', which the backend '{SpecWriter.WireName(backend)}' does not do.",
            $"Set backend to {string.Join(" or ", others.Select(SpecWriter.WireName))}, or choose another {field}.",
            field).MendedBy("backend", SpecWriter.WireName(others[0]));
}
