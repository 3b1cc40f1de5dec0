using static TorchSharp.torch;

namespace Beep.Trainer.Optimizers;

/// <summary>Plain stochastic gradient descent, as <c>torch.optim.SGD</c> without momentum.</summary>
internal sealed class Sgd(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double weightDecay) : IOptimizer
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State { get; } = new Dictionary<string, Tensor>();

    /// <inheritdoc/>
    public void Step(int step, double learningRate)
    {
        using var noGrad = no_grad();
        foreach (var (_, parameter) in parameters)
        {
            using var scope = NewDisposeScope();
            if (parameter.grad is { } gradient)
            {
                parameter.add_(weightDecay > 0 ? gradient + (parameter * weightDecay) : gradient, -learningRate);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
