using Beep.Trainer.Data;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Training;

/// <summary>
/// From the residual stream to the loss. Scores are computed only where loss is taken and a few rows at a time, since
/// [tokens, vocabulary] in 32 bits is often the largest tensor of a run.
/// </summary>
internal sealed class LossHead(CausalLanguageModel model)
{
    private const long MaxScores = 1 << 24;

    private readonly int _rowsAtOnce = (int)Math.Max(64, MaxScores / model.Config.VocabularySize);

    /// <summary>Takes the loss and sends its gradient back to where <paramref name="hidden"/> came from.</summary>
    /// <param name="hidden">[B, T, hidden], with its graph.</param>
    /// <param name="batch">Where loss is taken.</param>
    /// <param name="scale">What each token's loss is multiplied by before the gradient: one over the tokens of the effective batch.</param>
    /// <returns>The sum of the tokens' losses, in nats, unscaled.</returns>
    public double Backward(Tensor hidden, TokenBatch batch, double scale)
    {
        using var scope = NewDisposeScope();
        var (selected, targets) = Select(hidden, batch);
        var (loss, gradients) = (0.0, new List<Tensor>());
        for (var row = 0L; row < batch.LabelledTokens; row += _rowsAtOnce)
        {
            using var chunk = NewDisposeScope();
            var count = Math.Min(_rowsAtOnce, batch.LabelledTokens - row);
            var leaf = selected.detach().narrow(0, row, count).requires_grad_(true);
            var sum = nn.functional.cross_entropy(model.Score(leaf), targets.narrow(0, row, count), reduction: nn.Reduction.Sum);
            (sum * scale).backward();
            loss += sum.item<float>();
            if (selected.requires_grad)
            {
                gradients.Add(leaf.grad!.MoveToOuterDisposeScope());
            }
        }

        if (gradients.Count > 0)
        {
            selected.backward([cat(gradients, 0)]);
        }

        return loss;
    }

    /// <summary>Takes the loss without a gradient.</summary>
    /// <returns>The sum of the tokens' losses, in nats, and how many tokens the model ranks first.</returns>
    public (double Loss, long Correct) Evaluate(Tensor hidden, TokenBatch batch)
    {
        var losses = TokenLosses(hidden, batch, out var correct);
        return (losses.Sum(loss => (double)loss), correct);
    }

    /// <summary>The loss of each labelled token, in nats, in the order of <see cref="TokenBatch.LabelledAt"/>.</summary>
    public IReadOnlyList<float> TokenLosses(Tensor hidden, TokenBatch batch, out long correct)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (selected, targets) = Select(hidden, batch);
        var losses = new List<float>(batch.LabelledTokens);
        correct = 0;
        for (var row = 0L; row < batch.LabelledTokens; row += _rowsAtOnce)
        {
            using var chunk = NewDisposeScope();
            var count = Math.Min(_rowsAtOnce, batch.LabelledTokens - row);
            var expected = targets.narrow(0, row, count);
            var scores = model.Score(selected.narrow(0, row, count));
            losses.AddRange(nn.functional.cross_entropy(scores, expected, reduction: nn.Reduction.None).cpu().data<float>());
            correct += scores.argmax(-1).eq(expected).sum().item<long>();
        }

        return losses;
    }

    private (Tensor Selected, Tensor Targets) Select(Tensor hidden, TokenBatch batch) =>
        (hidden.view(-1, hidden.shape[^1]).index_select(0, batch.LabelledAt(model.Device)), batch.Targets(model.Device));
}
