using Beep.Trainer.Adapters;
using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>y = x·Wᵀ + b, with an optional low-rank adapter beside W.</summary>
internal sealed class Linear
{
    private readonly ScalarType _computeType;

    /// <param name="name">The layer's name in the model's state dictionary, without <c>.weight</c>.</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out], or null.</param>
    /// <param name="computeType">The number format of the product.</param>
    public Linear(string name, Tensor weight, Tensor? bias, ScalarType computeType)
    {
        (Name, Weight, Bias, _computeType) = (name, weight, bias, computeType);
    }

    /// <summary>The layer's name in the model's state dictionary, without <c>.weight</c>.</summary>
    public string Name { get; }

    /// <summary>[out, in].</summary>
    public Tensor Weight { get; }

    /// <summary>[out], or null.</summary>
    public Tensor? Bias { get; }

    /// <summary>The adapter; null for none.</summary>
    public LoraLayer? Lora { get; set; }

    /// <summary>[…, in] to […, out], in the compute type.</summary>
    /// <param name="x">The input, in the compute type.</param>
    /// <param name="dropout">Whether the adapter drops inputs.</param>
    public Tensor Forward(Tensor x, bool dropout)
    {
        var y = nn.functional.linear(x, Weight.to(_computeType), Bias?.to(_computeType));
        return Lora is null ? y : y + Lora.Forward(x, dropout);
    }
}
