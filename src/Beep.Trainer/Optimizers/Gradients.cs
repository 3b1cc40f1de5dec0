using static TorchSharp.torch;

namespace Beep.Trainer.Optimizers;

/// <summary>What is done to all gradients at once.</summary>
internal static class Gradients
{
    /// <summary>The square root of the sum of all squares, as <c>torch.nn.utils.get_total_norm</c>.</summary>
    public static double Norm(IReadOnlyList<KeyValuePair<string, Tensor>> parameters)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var norms = parameters.Select(parameter => parameter.Value.grad).OfType<Tensor>().Select(gradient => gradient.norm()).ToArray();
        return norms.Length == 0 ? 0 : stack(norms).norm().item<float>();
    }

    /// <summary>Scales every gradient so that the norm is at most <paramref name="maxNorm"/>, as <c>torch.nn.utils.clip_grad_norm_</c>.</summary>
    public static void Clip(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double norm, double maxNorm)
    {
        var scale = maxNorm / (norm + 1e-6);
        if (maxNorm <= 0 || scale >= 1)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (_, parameter) in parameters)
        {
            parameter.grad?.mul_(scale);
        }
    }

    /// <summary>Forgets all gradients.</summary>
    public static void Clear(IReadOnlyList<KeyValuePair<string, Tensor>> parameters)
    {
        using var scope = NewDisposeScope();
        foreach (var (_, parameter) in parameters)
        {
            if (parameter.grad is not null)
            {
                parameter.grad = null;
            }
        }
    }
}
