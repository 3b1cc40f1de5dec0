using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Models;
using Beep.Trainer.Optimizers;

namespace Beep.Trainer.Training;

/// <summary>The checkpoints of a job folder: complete or absent, the oldest removed once the new one is safe.</summary>
internal sealed class CheckpointStore(JobFolder folder, int? keep)
{
    private const string OptimizerFile = "optimizer.safetensors";

    /// <summary>Writes a checkpoint and returns its path relative to the job folder.</summary>
    public string Save(TrainerState state, TrainableModel model, IOptimizer optimizer)
    {
        var path = folder.Checkpoint(state.Step);
        DurableFile.WriteFolder(path, temporary =>
        {
            model.SaveCheckpoint(temporary);
            SafetensorsWriter.Write(Path.Combine(temporary, OptimizerFile), optimizer.State.Select(tensor => TensorFiles.ToWrite(tensor.Key, tensor.Value, TensorType.F32)));
            state.Write(temporary);
        });
        foreach (var (_, old) in folder.ListCheckpoints().SkipLast(keep ?? int.MaxValue))
        {
            Directory.Delete(old, recursive: true);
        }

        return Path.GetRelativePath(folder.Root, path);
    }

    /// <summary>Restores the newest checkpoint into the model and the optimizer; null where there is none.</summary>
    /// <exception cref="FaultException">The checkpoint is damaged or was taken with other data.</exception>
    public TrainerState? Restore(TrainableModel model, IOptimizer optimizer, string dataKey)
    {
        if (folder.ListCheckpoints() is not [.., var (_, path)])
        {
            return null;
        }

        var state = TrainerState.Read(path);
        if (state.DataKey != dataKey)
        {
            throw FaultException.Invalid(
                "data_changed",
                "The training rows, the tokenizer or the chat template changed since the checkpoint was taken.",
                "Restore them, or start anew in another job folder.",
                path);
        }

        model.LoadCheckpoint(path);
        using var file = SafetensorsFile.Open(Path.Combine(path, OptimizerFile));
        CheckpointTensors.CopyInto(file, optimizer.State, path);
        return state;
    }
}
