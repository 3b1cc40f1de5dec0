using static TorchSharp.torch;

namespace Beep.Trainer.Adapters;

/// <summary>
/// The low-rank part of one layer: scale · B·A·dropout(x) (Hu et al. 2021, arXiv 2106.09685), with PEFT's meaning of
/// every setting. Its weights are kept in 32 bits whatever the base model's format, as PEFT does.
/// </summary>
internal sealed class LoraLayer : IDisposable
{
    /// <param name="a">[r, in].</param>
    /// <param name="b">[out, r].</param>
    /// <param name="scale">alpha / r, or alpha / sqrt(r) with rsLoRA.</param>
    /// <param name="dropout">The share of inputs dropped while training.</param>
    public LoraLayer(Tensor a, Tensor b, double scale, double dropout)
    {
        A = a.DetachFromDisposeScope();
        B = b.DetachFromDisposeScope();
        (Scale, Dropout) = (scale, dropout);
    }

    /// <summary>The down projection, [r, in].</summary>
    public Tensor A { get; }

    /// <summary>The up projection, [out, r].</summary>
    public Tensor B { get; }

    /// <summary>What the product is multiplied by.</summary>
    public double Scale { get; }

    /// <summary>The share of inputs dropped while training.</summary>
    public double Dropout { get; }

    /// <summary>[…, in] to […, out], in the type of <paramref name="x"/>.</summary>
    public Tensor Forward(Tensor x, bool dropout)
    {
        if (dropout && Dropout > 0)
        {
            x = nn.functional.dropout(x, Dropout, training: true);
        }

        var low = nn.functional.linear(x, A.to(x.dtype));
        return nn.functional.linear(low, (B * Scale).to(x.dtype));
    }

    /// <summary>What the adapter adds to the layer's weight, [out, in], in 32 bits.</summary>
    public Tensor Delta() => B.matmul(A) * Scale;

    /// <inheritdoc/>
    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
