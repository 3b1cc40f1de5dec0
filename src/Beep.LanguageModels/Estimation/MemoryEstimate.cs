using Beep.Contracts;
using Beep.LanguageModels.Configuration;

namespace Beep.LanguageModels.Estimation;

/// <summary>About how much memory a run takes, by part, in bytes.</summary>
/// <remarks>
/// Weights, gradients and optimizer state follow from the number formats that the trainer keeps them in. Activations are what
/// automatic differentiation keeps of a block, counted in the trainer's decoder layer: linear in batch times length, as with any
/// attention that does not keep its scores (Korthikanti et al. 2022, arXiv 2205.05198, section 4, without the T² term).
/// </remarks>
/// <param name="Weights">The base model's, in the number format of the products; in 32 bits where they are trained; their linear layers in 4 bits for QLoRA.</param>
/// <param name="Adapter">The adapter's, in 32 bits.</param>
/// <param name="Gradients">One a trained weight, in 32 bits.</param>
/// <param name="Optimizer">Two averages a trained weight for AdamW.</param>
/// <param name="Activations">What the backward pass needs of the forward pass of one batch.</param>
/// <param name="Logits">The scores over the vocabulary, of as many tokens as are scored at once.</param>
/// <param name="Runtime">The worker itself with its libraries.</param>
internal sealed record MemoryEstimate(long Weights, long Adapter, long Gradients, long Optimizer, long Activations, long Logits, long Runtime)
{
    private const int SingleBytes = 4;
    private const int HalfBytes = 2;

    // Measured on Linux: resident memory of a worker on a model of a few kilobytes.
    private const long RuntimeBytes = 230L << 20;

    // The same of Python with PyTorch, Transformers and Accelerate, after a step.
    private const long PythonRuntimeBytes = 450L << 20;

    // NF4 with double quantisation: 4 bits, an 8-bit scale for 64 weights and a 32-bit one for 256 scales (Dettmers et al. 2023, arXiv
    // 2305.14314, section 3).
    private const double QuantisedBytes = 0.5 + (1.0 / 64) + (4.0 / (64 * 256));

    // DoRA's length of a row is that of the weight with the adapter's product added: the product and the sum are there at once.
    private const int DoraCopies = 2;

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
        // A pair of answers is two sequences in one pass. What the model thought of them at first is a number each, computed before.
        var batchTokens = (long)spec.Train.PerDeviceBatchSize * sequenceLength * (spec.Task == TrainingTask.Dpo ? 2 : 1);
        var rows = Math.Min(batchTokens, Math.Max(MinRowsAtOnce, ScoresAtOnce / config.VocabularySize));
        return new MemoryEstimate(
            isFull ? config.ParameterCount * SingleBytes : FrozenBytes(config, spec, compute),
            isFull ? 0 : trained * SingleBytes,
            trained * SingleBytes,
            spec.Train.Optimizer == OptimizerKind.Adamw ? 2 * trained * SingleBytes : 0,
            ActivationBytes(config, spec, batchTokens, compute),
            rows * config.VocabularySize * SingleBytes * ScoreCopies,
            spec.Backend == Backend.Torchsharp ? RuntimeBytes : PythonRuntimeBytes);
    }

    /// <summary>In 4 bits a layer is unpacked while it is multiplied: room for the largest is needed besides.</summary>
    private static long FrozenBytes(ModelConfig config, JobSpec spec, int compute)
    {
        if (spec.Method != TrainingMethod.Qlora)
        {
            return config.ParameterCount * compute;
        }

        var linear = TrainableWeights.LinearWeights(config);
        return ((config.ParameterCount - linear) * compute) + (long)(linear * QuantisedBytes) + ((long)config.HiddenSize * config.IntermediateSize * compute);
    }

    /// <summary>
    /// In the residual stream: four states in 32 bits. In the compute type: both normed states and what the projections take,
    /// rotated queries and keys, values, the keys and values repeated for their groups, the heads' output; gate, its activation, up and their product.
    /// </summary>
    private static long ActivationBytes(ModelConfig config, JobSpec spec, long tokens, int compute)
    {
        var isRecomputed = spec.Train.GradientCheckpointing == AutoSwitch.On;
        long hidden = config.HiddenSize, wide = config.IntermediateSize;
        long queries = config.NumHeads * (long)config.HeadDim, keys = config.NumKeyValueHeads * (long)config.HeadDim;
        var layer = tokens * ((4 * hidden * SingleBytes) + (compute * ((4 * hidden) + (5 * queries) + (2 * keys) + (4 * wide))));
        var passing = 0L;
        if (spec.Method == TrainingMethod.Dora)
        {
            // The layer's product and the adapter's are both kept, since both are scaled by the trained lengths.
            layer += 2 * tokens * TrainableWeights.OutputsOfBlock(config, spec.Lora) * compute;
            passing = DoraCopies * TrainableWeights.LargestAdapted(config, spec.Lora) * SingleBytes;
        }

        var boundary = tokens * hidden * SingleBytes;
        return passing + (isRecomputed ? (config.NumLayers * boundary) + layer : (config.NumLayers * layer) + boundary);
    }
}
