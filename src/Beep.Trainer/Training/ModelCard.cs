using System.Globalization;
using System.Text;
using Beep.Contracts;

namespace Beep.Trainer.Training;

/// <summary>The README beside the weights, in the layout that model hubs read.</summary>
internal static class ModelCard
{
    public static string Write(JobSpec spec, TrainerState state, double? evaluationLoss)
    {
        var baseModel = Path.GetFileName(Path.TrimEndingDirectorySeparator(spec.Model.Path));
        var isAdapter = spec.Method != TrainingMethod.Full;
        var text = new StringBuilder()
            .AppendLine("---")
            .AppendLine(CultureInfo.InvariantCulture, $"base_model: {baseModel}")
            .AppendLine(isAdapter ? "library_name: peft" : "library_name: transformers")
            .AppendLine("pipeline_tag: text-generation")
            .AppendLine("---")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"# {spec.JobId}")
            .AppendLine()
            .AppendLine(isAdapter ? $"A LoRA adapter for `{baseModel}`." : $"A model trained from `{baseModel}`.")
            .AppendLine()
            .AppendLine("| | |")
            .AppendLine("|-|-|");
        Row("task", SpecWriter.WireName(spec.Task));
        Row("method", SpecWriter.WireName(spec.Method));
        Row("training data", Path.GetFileName(spec.Data.Train));
        Row("steps", state.Step.ToString(CultureInfo.InvariantCulture));
        Row("tokens", state.Tokens.ToString("N0", CultureInfo.InvariantCulture));
        Row("learning rate", spec.Train.LearningRate.ToString(CultureInfo.InvariantCulture));
        Row("seed", spec.Train.Seed.ToString(CultureInfo.InvariantCulture));
        Row("held-out loss before", Loss(state.FirstEvaluationLoss));
        Row("held-out loss after", Loss(evaluationLoss));
        return text.AppendLine().AppendLine("Made by beep on the torchsharp backend. The job's `spec.json` repeats the run.").ToString().ReplaceLineEndings("\n");

        void Row(string name, string? value)
        {
            if (value is not null)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {value} |");
            }
        }
    }

    private static string? Loss(double? loss) => loss?.ToString("0.0000", CultureInfo.InvariantCulture);
}
