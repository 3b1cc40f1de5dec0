using static TorchSharp.torch;

namespace Beep.Trainer.Optimizers;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101), in the order of operations of
/// <c>torch.optim.AdamW</c>. One-dimensional weights (norms, biases) do not decay, as in Transformers.
/// </summary>
internal sealed class AdamW : IOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly List<(Tensor Parameter, Tensor Mean, Tensor Square)> _moments = [];
    private readonly Dictionary<string, Tensor> _state = new(StringComparer.Ordinal);
    private readonly double _weightDecay;

    public AdamW(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double weightDecay)
    {
        _weightDecay = weightDecay;
        foreach (var (name, parameter) in parameters)
        {
            var mean = zeros_like(parameter).DetachFromDisposeScope();
            var square = zeros_like(parameter).DetachFromDisposeScope();
            (mean.requires_grad, square.requires_grad) = (false, false);
            _moments.Add((parameter, mean, square));
            _state.Add($"exp_avg.{name}", mean);
            _state.Add($"exp_avg_sq.{name}", square);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State => _state;

    /// <inheritdoc/>
    public void Step(int step, double learningRate)
    {
        using var noGrad = no_grad();
        var stepSize = learningRate / (1 - Math.Pow(Beta1, step));
        var correction = Math.Sqrt(1 - Math.Pow(Beta2, step));
        foreach (var (parameter, mean, square) in _moments)
        {
            using var scope = NewDisposeScope();
            var gradient = parameter.grad;
            if (gradient is null)
            {
                continue;
            }

            if (_weightDecay > 0 && parameter.dim() > 1)
            {
                parameter.mul_(1 - (learningRate * _weightDecay));
            }

            mean.mul_(Beta1).add_(gradient, 1 - Beta1);
            square.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            parameter.addcdiv_(mean, square.sqrt().div_(correction).add_(Epsilon), -stepSize);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _state.Values)
        {
            tensor.Dispose();
        }
    }
}
