using Beep.Contracts;
using Beep.LanguageModels.Configuration;

namespace Beep.LanguageModels.Estimation;

/// <summary>About how much memory a run takes, by part, in bytes.</summary>
/// <remarks>
/// Weights, gradients and optimizer state follow from the number formats that the trainer keeps them in. Activations are what
/// automatic differentiation keeps of a block, counted in the trainer's decoder layer: linear in batch times length, as with any
/// attention that does not keep its scores (Korthikanti et al. 2022, arXiv 2205.05198, section 4, without the T² term).
/// </remarks>
/// <param name="Weights">The base model's, in the number format of the products; in 32 bits where they are trained.</param>
/// <param name="Adapter">The adapter's, in 32 bits.</param>
/// <param name="Gradients">One a trained weight, in 32 bits.</param>
/// <param name="Optimizer">Two averages a trained weight for AdamW.</param>
/// <param name="Activations">What the backward pass needs of the forward pass of one batch.</param>
/// <param name="Logits">The scores over the vocabulary, of as many tokens as are scored at once.</param>
/// <param name="Runtime">.NET and libtorch themselves.</param>
internal sealed record MemoryEstimate(long Weights, long Adapter, long Gradients, long Optimizer, long Activations, long Logits, long Runtime)
{
    private const int SingleBytes = 4;
    private const int HalfBytes = 2;

    // Measured on Linux: resident memory of a worker on a model of a few kilobytes.
    private const long RuntimeBytes = 230L << 20;

    // As in the trainer's loss head: so many scores at once, held about four times over (scores, log-probabilities, two gradients).
    private const long ScoresAtOnce = 1 << 24;
    private const long MinRowsAtOnce = 64;
    private const int ScoreCopies = 4;

    /// <summary>All parts.</summary>
    public long Total => Weights + Adapter + Gradients + Optimizer + Activations + Logits + Runtime;

    /// <summary>Estimates a run.</summary>
    /// <param name="config">The model.</param>
    /// <param name="spec">What is to be done with it.</param>
    /// <param name="sequenceLength">Tokens of the longest sequence in a batch.</param>
    /// <param name="isHalfPrecision">Whether products are computed in bfloat16.</param>
    public static MemoryEstimate For(ModelConfig config, JobSpec spec, int sequenceLength, bool isHalfPrecision)
    {
        var isFull = spec.Method == TrainingMethod.Full;
        var compute = isHalfPrecision ? HalfBytes : SingleBytes;
        var trained = TrainableWeights.Count(config, spec);
        var batchTokens = (long)spec.Train.PerDeviceBatchSize * sequenceLength;
        var rows = Math.Min(batchTokens, Math.Max(MinRowsAtOnce, ScoresAtOnce / config.VocabularySize));
        return new MemoryEstimate(
            config.ParameterCount * (isFull ? SingleBytes : compute),
            isFull ? 0 : trained * SingleBytes,
            trained * SingleBytes,
            spec.Train.Optimizer == OptimizerKind.Adamw ? 2 * trained * SingleBytes : 0,
            ActivationBytes(config, batchTokens, compute, spec.Train.GradientCheckpointing == AutoSwitch.On),
            rows * config.VocabularySize * SingleBytes * ScoreCopies,
            RuntimeBytes);
    }

    /// <summary>
    /// In the residual stream: four states in 32 bits. In the compute type: both normed states and what the projections take,
    /// rotated queries and keys, values, the keys and values repeated for their groups, the heads' output; gate, its activation, up and their product.
    /// </summary>
    private static long ActivationBytes(ModelConfig config, long tokens, int compute, bool isRecomputed)
    {
        long hidden = config.HiddenSize, wide = config.IntermediateSize;
        long queries = config.NumHeads * (long)config.HeadDim, keys = config.NumKeyValueHeads * (long)config.HeadDim;
        var layer = tokens * ((4 * hidden * SingleBytes) + (compute * ((4 * hidden) + (5 * queries) + (2 * keys) + (4 * wide))));
        var boundary = tokens * hidden * SingleBytes;
        return isRecomputed ? (config.NumLayers * boundary) + layer : (config.NumLayers * layer) + boundary;
    }
}
