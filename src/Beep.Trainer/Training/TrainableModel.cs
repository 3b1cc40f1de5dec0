using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Adapters;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Training;

/// <summary>The model of a run together with the weights that it trains.</summary>
internal sealed class TrainableModel : IDisposable
{
    private readonly JobSpec _spec;
    private readonly AdapterConfig? _adapter;

    private TrainableModel(JobSpec spec, CausalLanguageModel model, AdapterConfig? adapter)
    {
        (_spec, Model, _adapter) = (spec, model, adapter);
        Trained = adapter is null
            ? [.. model.Tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal)]
            : [.. LoraAdapter.Parameters(model)];
        TrainedCount = Trained.Sum(parameter => parameter.Value.numel());
    }

    /// <summary>The model.</summary>
    public CausalLanguageModel Model { get; }

    /// <summary>The trained weights, sorted by name.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Trained { get; }

    /// <summary>How many numbers are trained.</summary>
    public long TrainedCount { get; }

    /// <summary>How many numbers there are, adapter included.</summary>
    public long TotalCount => Model.Config.ParameterCount + (_adapter is null ? 0 : TrainedCount);

    /// <summary>Whether dropout has anything to drop.</summary>
    public bool HasDropout => _adapter is { Dropout: > 0 };

    /// <summary>Builds what the spec asks for: a drawn model, a whole model to train, or a frozen one with an adapter.</summary>
    public static TrainableModel Create(JobSpec spec, ScalarType computeType, Device device)
    {
        var folder = spec.Model.Path;
        var seed = LanguageModels.Packing.SeededOrder.Derive(spec.Train.Seed, 1);
        if (spec.Method == TrainingMethod.Full)
        {
            var model = spec.Task == TrainingTask.Pretrain
                ? CausalLanguageModel.Draw(folder, seed, computeType, device)
                : CausalLanguageModel.Load(folder, trained: true, computeType, device);
            return new TrainableModel(spec, model, null);
        }

        var frozen = CausalLanguageModel.Load(folder, trained: false, computeType, device);
        try
        {
            if (spec.Adapter is not null)
            {
                return new TrainableModel(spec, frozen, LoraAdapter.Load(frozen, spec.Adapter, spec.Lora.Dropout));
            }

            var config = AdapterConfig.From(spec.Lora);
            LoraAdapter.Attach(frozen, config, seed);
            return new TrainableModel(spec, frozen, config);
        }
        catch
        {
            frozen.Dispose();
            throw;
        }
    }

    /// <summary>Writes the trained weights in 32 bits, so that nothing is lost between two parts of a run.</summary>
    public void SaveCheckpoint(string folder)
    {
        if (_adapter is not null)
        {
            LoraAdapter.Save(Model, _adapter, folder, _spec.Model.Path);
        }
        else
        {
            SaveWeights(folder, TensorType.F32);
        }
    }

    /// <summary>Reads what <see cref="SaveCheckpoint"/> wrote.</summary>
    public void LoadCheckpoint(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, _adapter is null ? ModelWeights.SingleFile : LoraAdapter.WeightsFile));
        CheckpointTensors.CopyInto(file, Trained, folder);
    }

    /// <summary>Writes the result of the run: the adapter in PEFT's layout, or the whole model in Hugging Face layout.</summary>
    public void SaveArtifact(string folder)
    {
        if (_adapter is not null)
        {
            LoraAdapter.Save(Model, _adapter, folder, _spec.Model.Path);
            return;
        }

        SaveWeights(folder, Model.Config.WeightType);
        ModelFolder.CopyCompanions(_spec.Model.Path, folder, Model.Config.WeightType);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private void SaveWeights(string folder, TensorType type) =>
        SafetensorsWriter.Write(Path.Combine(folder, ModelWeights.SingleFile), Trained.Select(tensor => TensorFiles.ToWrite(tensor.Key, tensor.Value, type)));
}
