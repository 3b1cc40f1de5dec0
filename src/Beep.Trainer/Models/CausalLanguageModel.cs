using Beep.Contracts;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Safetensors;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>A Llama or Qwen2 model: token ids in, scores of the next token out.</summary>
internal sealed class CausalLanguageModel : IDisposable
{
    private readonly Tensor _embedding;
    private readonly RmsNorm _norm;
    private readonly IReadOnlyDictionary<string, Tensor> _tensors;

    private CausalLanguageModel(ModelConfig config, ParameterSource parameters, ScalarType computeType, Device device)
    {
        (Config, ComputeType, Device) = (config, computeType, device);
        Rope = new RotaryTable(config, device);
        _embedding = parameters.Embedding("model.embed_tokens");
        Layers = [.. Enumerable.Range(0, config.NumLayers).Select(i => new DecoderLayer(config, i, parameters, computeType))];
        _norm = parameters.Norm("model.norm");
        Head = config.TieWordEmbeddings
            ? new Linear("lm_head", _embedding, null, computeType)
            : parameters.Linear("lm_head", config.VocabularySize, config.HiddenSize, bias: false);
        _tensors = parameters.Tensors;
        if (parameters.Faults.Count > 0)
        {
            Dispose();
            throw new FaultException(WorkerExitCode.Invalid, parameters.Faults);
        }
    }

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>The number format of the products.</summary>
    public ScalarType ComputeType { get; }

    /// <summary>Where the weights live.</summary>
    public Device Device { get; }

    /// <summary>Positions.</summary>
    public RotaryTable Rope { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<DecoderLayer> Layers { get; }

    /// <summary>The output head; its weight is the embedding where the model ties them.</summary>
    public Linear Head { get; }

    /// <summary>Every weight of the base model by its name in the state dictionary; a tied head is not among them.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>The linear layers of all blocks: those that <c>all-linear</c> means.</summary>
    public IEnumerable<Linear> Linears => Layers.SelectMany(layer => layer.Linears);

    /// <summary>Reads a model folder.</summary>
    /// <param name="folder">Hugging Face layout.</param>
    /// <param name="trained">Whether every weight is to be trained, and so kept in 32 bits with a gradient.</param>
    /// <param name="computeType">The number format of the products.</param>
    /// <param name="device">Where the weights shall live.</param>
    public static CausalLanguageModel Load(string folder, bool trained, ScalarType computeType, Device device)
    {
        var config = ModelConfig.Load(folder);
        using var weights = ModelWeights.Open(folder);
        return new CausalLanguageModel(config, ParameterSource.From(config, weights, trained, computeType, device), computeType, device);
    }

    /// <summary>A model of the folder's configuration with freshly drawn weights, to be trained in full.</summary>
    public static CausalLanguageModel Draw(string folder, long seed, ScalarType computeType, Device device)
    {
        var config = ModelConfig.Load(folder);
        return new CausalLanguageModel(config, ParameterSource.Drawn(config, seed, computeType, device), computeType, device);
    }

    /// <summary>Token ids [B, T] to the residual stream [B, T, hidden], in 32 bits.</summary>
    public Tensor Embed(Tensor inputIds)
    {
        using var scope = NewDisposeScope();
        var rows = _embedding.index_select(0, inputIds.reshape(-1)).to(ScalarType.Float32);
        return rows.view(inputIds.shape[0], inputIds.shape[1], Config.HiddenSize).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream after the last block, to what the head reads; both 32 bits.</summary>
    public Tensor Normalise(Tensor stream)
    {
        using var scope = NewDisposeScope();
        return _norm.Forward(stream).MoveToOuterDisposeScope();
    }

    /// <summary>Token ids [B, T] to what the head reads, [B, T, hidden], in 32 bits.</summary>
    public Tensor Forward(Tensor inputIds, ForwardContext context)
    {
        var stream = Embed(inputIds);
        foreach (var layer in Layers)
        {
            var next = layer.Forward(stream, context);
            stream.Dispose();
            stream = next;
        }

        using (stream)
        {
            return Normalise(stream);
        }
    }

    /// <summary>[…, hidden] to scores […, vocabulary], in 32 bits.</summary>
    public Tensor Score(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return Head.Forward(hidden.to(ComputeType), dropout: false).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Rope.Dispose();
        foreach (var linear in Linears)
        {
            linear.Lora?.Dispose();
        }

        foreach (var tensor in _tensors?.Values ?? [])
        {
            tensor.Dispose();
        }
    }
}
