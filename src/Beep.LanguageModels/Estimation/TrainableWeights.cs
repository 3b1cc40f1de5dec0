using Beep.Contracts;
using Beep.LanguageModels.Configuration;

namespace Beep.LanguageModels.Estimation;

/// <summary>How many weights a method trains.</summary>
internal static class TrainableWeights
{
    /// <summary>The adapter's weights, or all of the model's.</summary>
    public static long Count(ModelConfig config, JobSpec spec) =>
        spec.Method == TrainingMethod.Full ? config.ParameterCount : Adapter(config, spec.Lora);

    /// <summary>Rank times the inputs and outputs of every layer that gets an adapter.</summary>
    public static long Adapter(ModelConfig config, LoraSpec lora) =>
        lora.R * (long)config.NumLayers * Linears(config).Where(layer => IsTarget(layer.Name, lora.TargetModules)).Sum(layer => layer.Inputs + layer.Outputs);

    private static IEnumerable<(string Name, long Inputs, long Outputs)> Linears(ModelConfig config)
    {
        long hidden = config.HiddenSize, wide = config.IntermediateSize;
        long queries = config.NumHeads * (long)config.HeadDim, keys = config.NumKeyValueHeads * (long)config.HeadDim;
        return
        [
            ("self_attn.q_proj", hidden, queries), ("self_attn.k_proj", hidden, keys), ("self_attn.v_proj", hidden, keys), ("self_attn.o_proj", queries, hidden),
            ("mlp.gate_proj", hidden, wide), ("mlp.up_proj", hidden, wide), ("mlp.down_proj", wide, hidden),
        ];
    }

    private static bool IsTarget(string layer, TargetModules targets) =>
        targets.IsAllLinear || targets.Names.Any(name => layer == name || layer.EndsWith("." + name, StringComparison.Ordinal));
}
