using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>Root-mean-square norm (Zhang and Sennrich 2019, arXiv 1910.07467), in 32 bits as the reference models compute it.</summary>
internal sealed class RmsNorm(string name, Tensor weight, double epsilon)
{
    /// <summary>The name in the model's state dictionary, without <c>.weight</c>.</summary>
    public string Name { get; } = name;

    /// <summary>[hidden], in 32 bits.</summary>
    public Tensor Weight { get; } = weight;

    /// <summary>[…, hidden] in 32 bits, to the same.</summary>
    public Tensor Forward(Tensor x) => x * (x.square().mean([-1], keepdim: true) + epsilon).rsqrt() * Weight;
}
