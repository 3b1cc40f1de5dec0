namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>An adapter to start from must be there, in PEFT layout.</summary>
internal sealed class RequireAdapter : IPlanRule
{
    private static readonly string[] Files = ["adapter_config.json", "adapter_model.safetensors"];

    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        if (context.Spec.Adapter is not { } folder)
        {
            return [];
        }

        return from file in Files
               where !File.Exists(Path.Combine(folder, file))
               select PlanProblem.Error("adapter_not_found", $"The adapter folder '{folder}' has no {file}.", "Name an adapter in PEFT layout, such as a job's artifacts/adapter.", "adapter");
    }
}
