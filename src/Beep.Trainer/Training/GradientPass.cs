using Beep.Trainer.Data;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Training;

/// <summary>One forward and backward pass; gradients add up in the weights.</summary>
/// <param name="model">The model.</param>
/// <param name="recompute">
/// Keeps just the input of each block and computes the block again on the way back (Chen et al. 2016, arXiv
/// 1604.06174): a third more work for a fraction of the memory, and the same gradients.
/// </param>
internal sealed class GradientPass(CausalLanguageModel model, bool recompute)
{
    private readonly LossHead _head = new(model);

    /// <summary>Runs the batch both ways and returns the sum of its tokens' losses, in nats.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="scale">One over the labelled tokens of the effective batch.</param>
    /// <param name="dropoutSeed">Draws the dropout; null drops nothing.</param>
    public double Run(TokenBatch batch, double scale, long? dropoutSeed)
    {
        using var scope = NewDisposeScope();
        using var context = ForwardContext.ForSequences(model.Rope, batch.Positions(model.Device), batch.Segments(model.Device), dropoutSeed);
        return recompute ? Recomputed(batch, context, scale) : _head.Backward(model.Forward(batch.InputIds(model.Device), context), batch, scale);
    }

    private double Recomputed(TokenBatch batch, ForwardContext context, double scale)
    {
        var embedded = model.Embed(batch.InputIds(model.Device));
        var inputs = new List<Tensor> { embedded };
        using (no_grad())
        {
            foreach (var layer in model.Layers)
            {
                inputs.Add(layer.Forward(inputs[^1], context));
            }
        }

        var top = inputs[^1].detach().requires_grad_(true);
        var loss = _head.Backward(model.Normalise(top), batch, scale);
        var gradient = top.grad!;
        for (var i = model.Layers.Count - 1; i >= 0; i--)
        {
            var input = inputs[i].detach().requires_grad_(true);
            var output = model.Layers[i].Forward(input, context);
            output.backward([gradient]);
            gradient.Dispose();
            gradient = input.grad!;
            inputs[i + 1].Dispose();
        }

        if (embedded.requires_grad)
        {
            embedded.backward([gradient]);
        }

        return loss;
    }
}
