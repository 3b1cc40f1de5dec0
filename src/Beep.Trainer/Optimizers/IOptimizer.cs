using static TorchSharp.torch;

namespace Beep.Trainer.Optimizers;

/// <summary>Turns gradients into new weights, in place.</summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>What a checkpoint must hold for the next step to be the same, by name.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>One step, counted from 1, on every parameter's <c>grad</c>.</summary>
    void Step(int step, double learningRate);
}
