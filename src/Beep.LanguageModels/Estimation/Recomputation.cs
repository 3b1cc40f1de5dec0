using Beep.Contracts;
using Beep.LanguageModels.Configuration;

namespace Beep.LanguageModels.Estimation;

/// <summary>What <c>gradient_checkpointing=auto</c> means: activations are kept while the run fits with room to spare.</summary>
internal static class Recomputation
{
    private const double ShareOfMemory = 0.6;

    /// <summary>The spec with the choice made.</summary>
    /// <param name="spec">What is to be done.</param>
    /// <param name="config">The model.</param>
    /// <param name="sequenceLength">Tokens of the longest sequence in a batch.</param>
    /// <param name="isHalfPrecision">Whether products are computed in bfloat16.</param>
    /// <param name="memoryBytes">Memory that the worker may use.</param>
    public static JobSpec Resolve(JobSpec spec, ModelConfig config, int sequenceLength, bool isHalfPrecision, long memoryBytes)
    {
        if (spec.Train.GradientCheckpointing != AutoSwitch.Auto)
        {
            return spec;
        }

        var kept = spec with { Train = spec.Train with { GradientCheckpointing = AutoSwitch.Off } };
        return MemoryEstimate.For(config, kept, sequenceLength, isHalfPrecision).Total <= memoryBytes * ShareOfMemory
            ? kept
            : spec with { Train = spec.Train with { GradientCheckpointing = AutoSwitch.On } };
    }
}
