using Beep.Contracts;
using Beep.LanguageModels.Configuration;

namespace Beep.LanguageModels.Estimation;

/// <summary>About how much arithmetic a run takes, in floating-point operations, and how many steps.</summary>
/// <remarks>
/// A product with N weights costs 2·N operations a token forward, as much again for the gradient of its input, and as much again
/// for the gradient of the weights where they are trained (Kaplan et al. 2020, arXiv 2001.08361, section 2.1): 6·N in all, 4·N
/// through frozen weights. Attention over a length of T adds 4·T·width a token and block forward, half of it behind the causal mask.
/// </remarks>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Passes">Forward and backward passes.</param>
/// <param name="TrainingOperations">Of all steps, and of what is computed before the first.</param>
/// <param name="EvaluationOperations">Of all evaluations.</param>
internal sealed record WorkEstimate(long Steps, long Passes, double TrainingOperations, double EvaluationOperations)
{
    /// <summary>All operations.</summary>
    public double Operations => TrainingOperations + EvaluationOperations;

    /// <summary>Estimates a run.</summary>
    /// <param name="config">The model.</param>
    /// <param name="spec">What is to be done with it.</param>
    /// <param name="train">The training rows.</param>
    /// <param name="validation">The held-out rows.</param>
    public static WorkEstimate For(ModelConfig config, JobSpec spec, RowTotals train, RowTotals validation)
    {
        var batch = (long)spec.Train.PerDeviceBatchSize * spec.Train.GradientAccumulationSteps;
        // A pair of answers stays together, and is one sequence of a batch.
        var sequences = spec.Data.Packing && spec.Task != TrainingTask.Dpo ? Math.Max(1, Ceiling(train.Tokens, spec.Data.MaxLength)) : Math.Max(1, train.Rows);
        var stepsPerEpoch = Ceiling(sequences, batch);
        var steps = spec.Train.TotalSteps(stepsPerEpoch);
        var epochs = (double)steps / stepsPerEpoch;
        var evaluations = validation.Rows == 0 ? 0 : 2 + (spec.Train.EvalSteps is { } every ? (steps - 1) / every : 0);
        var passes = (long)Math.Ceiling(epochs * Ceiling(sequences, spec.Train.PerDeviceBatchSize));
        return new WorkEstimate(
            steps,
            passes,
            (epochs * Training(config, spec, train)) + Preparing(config, spec, train, validation) + (passes * Lengths(config, spec)),
            evaluations * Forward(config, validation));
    }

    private static double Training(ModelConfig config, JobSpec spec, RowTotals rows)
    {
        var isFull = spec.Method == TrainingMethod.Full;
        var adapter = isFull ? 0 : 6.0 * TrainableWeights.Adapter(config, spec.Lora) * rows.Tokens;
        var recomputed = spec.Train.GradientCheckpointing == AutoSwitch.On ? 1 : 0;
        var blocks = ((isFull ? 3 : 2) + recomputed) * 2.0 * BlockWeights(config) * rows.Tokens;
        var head = (isFull ? 3 : 2) * 2.0 * HeadWeights(config) * rows.TrainableTokens;
        return blocks + head + adapter + ((3 + recomputed) * Attention(config, rows));
    }

    /// <summary>What the model thinks of every answer before the first step is computed once.</summary>
    private static double Preparing(ModelConfig config, JobSpec spec, RowTotals train, RowTotals validation) =>
        spec.Task == TrainingTask.Dpo ? Forward(config, train) + Forward(config, validation) : 0;

    /// <summary>DoRA takes the lengths of all rows of the adapted weights anew in every pass: the adapter's product, the sum and its squares.</summary>
    private static double Lengths(ModelConfig config, JobSpec spec) =>
        spec.Method == TrainingMethod.Dora ? ((2.0 * spec.Lora.R) + 4) * config.NumLayers * TrainableWeights.AdaptedInBlock(config, spec.Lora) : 0;

    private static double Forward(ModelConfig config, RowTotals rows) =>
        (2.0 * BlockWeights(config) * rows.Tokens) + (2.0 * HeadWeights(config) * rows.TrainableTokens) + Attention(config, rows);

    private static double Attention(ModelConfig config, RowTotals rows) =>
        2.0 * config.NumLayers * config.NumHeads * config.HeadDim * rows.Tokens * rows.MeanLength;

    private static long HeadWeights(ModelConfig config) => (long)config.VocabularySize * config.HiddenSize;

    /// <summary>The embedding is looked up, not multiplied; a head of its own is counted where loss is taken.</summary>
    private static long BlockWeights(ModelConfig config) =>
        config.ParameterCount - (HeadWeights(config) * (config.TieWordEmbeddings ? 1 : 2));

    private static long Ceiling(long count, long size) => (count + size - 1) / size;
}
