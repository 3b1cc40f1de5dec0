using System.Security.Cryptography;
using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Adapters;

namespace Beep.Trainer.Training;

/// <summary>Puts the result of a run under <c>artifacts/</c>, complete or absent, with a card that says how it was made.</summary>
internal sealed class ArtifactWriter(JobFolder folder, JobSpec spec, RunReport report)
{
    public void Write(TrainableModel model, TrainerState state)
    {
        var isAdapter = spec.Method != TrainingMethod.Full;
        var path = isAdapter ? folder.Adapter : folder.Merged;
        DurableFile.WriteFolder(path, temporary =>
        {
            model.SaveArtifact(temporary);
            File.WriteAllText(Path.Combine(temporary, "README.md"), ModelCard.Write(spec, state, state.LastEvaluationLoss));
        });
        var weights = Path.Combine(path, isAdapter ? LoraAdapter.WeightsFile : ModelWeights.SingleFile);
        using var stream = File.OpenRead(weights);
        var bytes = Directory.EnumerateFiles(path).Sum(file => new FileInfo(file).Length);
        report.Artifact(isAdapter ? "adapter" : "merged", Path.GetRelativePath(folder.Root, path), bytes, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }
}
