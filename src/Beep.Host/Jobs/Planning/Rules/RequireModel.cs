using Beep.Contracts;

namespace Beep.Host.Jobs.Planning.Rules;

/// <summary>The model must be of a known architecture, with weights and a tokenizer.</summary>
internal sealed class RequireModel : IPlanRule
{
    public IEnumerable<PlanProblem> Check(PlanContext context)
    {
        var folder = context.Spec.Model.Path;
        if (!Directory.Exists(folder))
        {
            return [PlanProblem.Error("model_not_found", $"There is no model folder '{folder}'.", "Name a folder in Hugging Face layout.", "model.path")];
        }

        var faults = context.Config.Faults.Concat(context.ModelTokenizer.Faults).Concat(context.Template.Faults)
            .Select(fault => new PlanProblem(PlanSeverity.Error, fault));
        // A model that is drawn anew has no weights yet.
        return context.Spec.Task == TrainingTask.Pretrain || HasWeights(folder)
            ? faults
            : faults.Append(PlanProblem.Error("weights_not_found", $"The model folder '{folder}' has no model.safetensors and no model.safetensors.index.json.", "Take the model's safetensors files; .bin and .pt files are not read.", "model.path"));
    }

    private static bool HasWeights(string folder) =>
        File.Exists(Path.Combine(folder, "model.safetensors")) || File.Exists(Path.Combine(folder, "model.safetensors.index.json"));
}
