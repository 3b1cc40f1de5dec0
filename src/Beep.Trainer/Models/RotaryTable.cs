using Beep.LanguageModels.Configuration;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>Rotary position embeddings (Su et al. 2021, arXiv 2104.09864) in the half-split layout of Transformers.</summary>
internal sealed class RotaryTable : IDisposable
{
    private readonly Tensor _frequencies;

    public RotaryTable(ModelConfig config, Device device)
    {
        Device = device;
        _frequencies = tensor(config.Rope.InverseFrequencies(config.HeadDim), ScalarType.Float32, device).DetachFromDisposeScope();
    }

    /// <summary>Where the table lives.</summary>
    public Device Device { get; }

    /// <summary>Cosines and sines for positions [B, T]: [B, 1, T, head_dim], in 32 bits.</summary>
    public (Tensor Cos, Tensor Sin) At(Tensor positions)
    {
        var angles = positions.to(ScalarType.Float32).unsqueeze(-1) * _frequencies;
        var both = cat([angles, angles], -1).unsqueeze(1);
        return (both.cos(), both.sin());
    }

    /// <summary>Turns each pair (i, i + head_dim/2) of [B, heads, T, head_dim] by its angle.</summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.shape[^1] / 2;
        var turned = cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1);
        return (x * cos) + (turned * sin);
    }

    /// <inheritdoc/>
    public void Dispose() => _frequencies.Dispose();
}
