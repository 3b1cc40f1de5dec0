using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Models;
using Beep.Trainer.Optimizers;

namespace Beep.Trainer.Training;

/// <summary>The checkpoints of a job folder: complete or absent, the oldest removed once the new one is safe.</summary>
internal sealed class CheckpointStore(JobFolder folder, int? keep)
{
    private const string OptimizerFile = "optimizer.safetensors";

    /// <summary>The steps of this run's checkpoints, those that it goes on from included.</summary>
    private readonly SortedSet<int> _kept = [];

    /// <summary>The newest checkpoint of this run, relative to the job folder; null before the first.</summary>
    public string? Last => _kept.Count == 0 ? null : Path.GetRelativePath(folder.Root, folder.Checkpoint(_kept.Max));

    /// <summary>Writes a checkpoint, then removes those that are no longer kept.</summary>
    public void Save(TrainerState state, TrainableModel model, IOptimizer optimizer)
    {
        var path = folder.Checkpoint(state.Step);
        DurableFile.WriteFolder(path, temporary =>
        {
            model.SaveCheckpoint(temporary);
            SafetensorsWriter.Write(Path.Combine(temporary, OptimizerFile), optimizer.State.Select(tensor => TensorFiles.ToWrite(tensor.Key, tensor.Value, TensorType.F32)));
            state.Write(temporary);
        });
        _kept.Add(state.Step);
        foreach (var (step, old) in folder.ListCheckpoints())
        {
            // A run that starts anew has no use for those of an earlier one, which may be of later steps.
            if (!_kept.Contains(step) || _kept.Count(later => later > step) >= (keep ?? int.MaxValue))
            {
                DurableFile.DeleteFolder(old);
            }
        }
    }

    /// <summary>Restores the newest checkpoint into the model and the optimizer; null where there is none.</summary>
    /// <exception cref="FaultException">The checkpoint is damaged or was taken with other data.</exception>
    public TrainerState? Restore(TrainableModel model, IOptimizer optimizer, string dataKey)
    {
        var checkpoints = folder.ListCheckpoints();
        if (checkpoints is not [.., var (_, path)])
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
        _kept.UnionWith(checkpoints.Select(checkpoint => checkpoint.Step));
        return state;
    }
}
