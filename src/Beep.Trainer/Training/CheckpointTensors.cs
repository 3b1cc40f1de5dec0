using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Training;

/// <summary>Restores tensors in place.</summary>
internal static class CheckpointTensors
{
    /// <summary>Copies every named tensor of the file into the one of that name.</summary>
    /// <exception cref="FaultException">One is missing or has another shape.</exception>
    public static void CopyInto(SafetensorsFile file, IEnumerable<KeyValuePair<string, Tensor>> targets, string checkpoint)
    {
        using var noGrad = no_grad();
        foreach (var (name, target) in targets)
        {
            if (!file.Tensors.TryGetValue(name, out var info) || !info.Shape.SequenceEqual(target.shape))
            {
                throw FaultException.Invalid("bad_checkpoint", $"The checkpoint does not fit the run: '{name}' is missing or has another shape.", $"Delete the folder '{checkpoint}', or start anew in another job folder.", file.Path);
            }

            using var loaded = TensorFiles.Load(file, info, target.dtype, target.device);
            target.copy_(loaded);
        }
    }
}
