using Beep.Contracts;
using Beep.LanguageModels.Configuration;

namespace Beep.LanguageModels.Estimation;

/// <summary>How many weights a method trains.</summary>
internal static class TrainableWeights
{
    /// <summary>The adapter's weights, or all of the model's.</summary>
    public static long Count(ModelConfig config, JobSpec spec) =>
        spec.Method switch
    {
        TrainingMethod.Full => config.ParameterCount,
        TrainingMethod.Dora => Adapter(config, spec.Lora) + Magnitudes(config, spec.Lora),
        _ => Adapter(config, spec.Lora),
    };

    /// <summary>Rank times the inputs and outputs of every layer that gets an adapter.</summary>
    public static long Adapter(ModelConfig config, LoraSpec lora) =>
        lora.R * (long)config.NumLayers * Targets(config, lora).Sum(layer => layer.Inputs + layer.Outputs);

    /// <summary>DoRA's lengths: one for every output of a layer that gets an adapter.</summary>
    public static long Magnitudes(ModelConfig config, LoraSpec lora) => config.NumLayers * OutputsOfBlock(config, lora);

    /// <summary>Outputs of the layers of one block that get an adapter.</summary>
    public static long OutputsOfBlock(ModelConfig config, LoraSpec lora) => Targets(config, lora).Sum(layer => layer.Outputs);

    /// <summary>Weights of the layers of one block that get an adapter.</summary>
    public static long AdaptedInBlock(ModelConfig config, LoraSpec lora) => Targets(config, lora).Sum(layer => layer.Inputs * layer.Outputs);

    /// <summary>Weights of the largest layer that gets an adapter.</summary>
    public static long LargestAdapted(ModelConfig config, LoraSpec lora) => Targets(config, lora).Select(layer => layer.Inputs * layer.Outputs).DefaultIfEmpty().Max();

    /// <summary>Weights of all linear layers of the blocks, which is what quantisation makes small.</summary>
    public static long LinearWeights(ModelConfig config) => config.NumLayers * Linears(config).Sum(layer => layer.Inputs * layer.Outputs);

    private static IEnumerable<(string Name, long Inputs, long Outputs)> Targets(ModelConfig config, LoraSpec lora) =>
        Linears(config).Where(layer => IsTarget(layer.Name, lora.TargetModules));

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
