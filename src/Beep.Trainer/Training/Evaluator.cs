using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.Trainer.Data;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Training;

/// <summary>Scores the held-out rows.</summary>
internal sealed class Evaluator(CausalLanguageModel model, TokenStore store, JobSpec spec)
{
    private readonly LossHead _head = new(model);

    /// <summary>The mean loss over all labelled tokens, in nats, and the share of them that the model ranks first.</summary>
    /// <param name="stop">Asked between batches; true gives up and returns null.</param>
    public (double Loss, double Accuracy)? Run(Func<bool> stop)
    {
        var (loss, correct, tokens) = (0.0, 0L, 0L);
        using var noGrad = no_grad();
        foreach (var batch in BatchPlan.OnePass(store, spec))
        {
            if (stop())
            {
                return null;
            }

            using var scope = NewDisposeScope();
            using var context = ForwardContext.ForSequences(model.Rope, batch.Positions(model.Device), batch.Segments(model.Device), dropoutSeed: null);
            var (batchLoss, batchCorrect) = _head.Evaluate(model.Forward(batch.InputIds(model.Device), context), batch);
            loss += batchLoss;
            correct += batchCorrect;
            tokens += batch.LabelledTokens;
        }

        // Rows without a label have no loss, which is not a loss of zero.
        return (tokens > 0 ? loss / tokens : double.NaN, (double)correct / Math.Max(1, tokens));
    }
}
