using Beep.Contracts;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Safetensors;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>Hands a model its weights, from a folder or freshly drawn, and keeps them by name.</summary>
internal sealed class ParameterSource
{
    private const int MaxFaults = 20;

    private readonly ModelConfig _config;
    private readonly ModelWeights? _weights;
    private readonly Generator? _random;
    private readonly bool _trained;
    private readonly ScalarType _computeType;
    private readonly Device _device;
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<Fault> _faults = [];

    private ParameterSource(ModelConfig config, ModelWeights? weights, Generator? random, bool trained, ScalarType computeType, Device device)
    {
        (_config, _weights, _random, _trained) = (config, weights, random, trained);
        (_computeType, _device) = (computeType, device);
    }

    /// <summary>Every weight handed out, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>What does not fit the configuration; the first of it, where that is much.</summary>
    public IReadOnlyList<Fault> Faults => _faults;

    /// <summary>Weights of a folder. Those to be trained are kept in 32 bits, frozen ones in the compute type.</summary>
    public static ParameterSource From(ModelConfig config, ModelWeights weights, bool trained, ScalarType computeType, Device device) =>
        new(config, weights, null, trained, computeType, device);

    /// <summary>Weights drawn from a normal distribution, as Transformers initialises these families.</summary>
    public static ParameterSource Drawn(ModelConfig config, long seed, ScalarType computeType, Device device) =>
        new(config, null, new Generator((ulong)seed), true, computeType, device);

    /// <summary>A linear layer of [<paramref name="outputs"/>, <paramref name="inputs"/>].</summary>
    public Linear Linear(string name, long outputs, long inputs, bool bias) =>
        new(name, Get(name + ".weight", [outputs, inputs], Kind.Matrix), bias ? Get(name + ".bias", [outputs], Kind.Bias) : null, _computeType);

    /// <summary>A norm of [hidden].</summary>
    public RmsNorm Norm(string name) => new(name, Get(name + ".weight", [_config.HiddenSize], Kind.Norm), _config.RmsNormEps);

    /// <summary>The embedding, [vocabulary, hidden].</summary>
    public Tensor Embedding(string name) => Get(name + ".weight", [_config.VocabularySize, _config.HiddenSize], Kind.Matrix);

    private Tensor Get(string name, long[] shape, Kind kind)
    {
        var type = _trained || kind == Kind.Norm ? ScalarType.Float32 : _computeType;
        var tensor = (_weights is null ? Draw(shape, kind) : Load(name, shape, type)).DetachFromDisposeScope();
        tensor.requires_grad = _trained;
        _tensors.Add(name, tensor);
        return tensor;
    }

    private Tensor Load(string name, long[] shape, ScalarType type)
    {
        if (!_weights!.TryGet(name, out var file, out var info))
        {
            Report(new("missing_tensor", $"The model has no tensor '{name}', which its config.json asks for.", "Download the model again.", _weights.Folder));
        }
        else if (!info.Shape.SequenceEqual(shape))
        {
            Report(new("wrong_shape", $"Tensor '{name}' has the shape [{string.Join(", ", info.Shape)}]; config.json asks for [{string.Join(", ", shape)}].", "Download the model again.", file.Path));
        }
        else
        {
            return TensorFiles.Load(file, info, type, _device);
        }

        return empty([0]);
    }

    private void Report(Fault fault)
    {
        if (_faults.Count < MaxFaults)
        {
            _faults.Add(fault);
        }
    }

    private Tensor Draw(long[] shape, Kind kind)
    {
        var tensor = kind == Kind.Norm ? ones(shape, ScalarType.Float32) : zeros(shape, ScalarType.Float32);
        if (kind == Kind.Matrix)
        {
            tensor.normal_(0, _config.InitializerRange, _random!);
        }

        if (_device.type == TorchSharp.DeviceType.CPU)
        {
            return tensor;
        }

        using (tensor)
        {
            return tensor.to(_device);
        }
    }

    private enum Kind
    {
        Matrix,
        Bias,
        Norm,
    }
}
