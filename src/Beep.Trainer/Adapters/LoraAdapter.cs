using Beep.Contracts;
using Beep.LanguageModels.Safetensors;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Adapters;

/// <summary>The adapter of a whole model: made, read and written in PEFT's layout.</summary>
internal static class LoraAdapter
{
    /// <summary>The weights' file.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    private const string Prefix = "base_model.model.";

    /// <summary>
    /// Puts a fresh adapter on the layers that the configuration names: A drawn as <c>nn.Linear</c> draws its weights
    /// (uniform within 1/√in), B zero, so that the model starts unchanged.
    /// </summary>
    public static void Attach(CausalLanguageModel model, AdapterConfig config, long seed)
    {
        using var random = new Generator((ulong)seed);
        foreach (var layer in Targets(model, config.TargetModules))
        {
            var (outputs, inputs) = (layer.Weight.shape[0], layer.Weight.shape[1]);
            var bound = 1 / Math.Sqrt(inputs);
            using var drawn = empty(config.R, inputs, ScalarType.Float32).uniform_(-bound, bound, random);
            Put(layer, config, drawn.to(model.Device, copy: true), zeros(outputs, config.R, ScalarType.Float32, model.Device));
        }
    }

    /// <summary>Reads an adapter folder onto the model.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="folder">PEFT layout.</param>
    /// <param name="dropout">The dropout of further training; null keeps the adapter's own.</param>
    /// <exception cref="FaultException">The adapter does not fit the model; every fault at once.</exception>
    public static AdapterConfig Load(CausalLanguageModel model, string folder, double? dropout = null)
    {
        var config = AdapterConfig.Read(folder);
        config = config with { Dropout = dropout ?? config.Dropout };
        var path = Path.Combine(folder, WeightsFile);
        if (!File.Exists(path) && File.Exists(Path.Combine(folder, "adapter_model.bin")))
        {
            throw FaultException.Invalid("pickled_weights", $"'{folder}' holds pickled weights and no {WeightsFile}.", "Loading pickles runs code: export the adapter as safetensors.", folder);
        }

        using var file = SafetensorsFile.Open(path);
        var faults = new List<Fault>();
        var targets = Targets(model, config.TargetModules);
        foreach (var layer in targets)
        {
            var a = Find(file, layer, "lora_A", [config.R, layer.Weight.shape[1]], faults);
            var b = Find(file, layer, "lora_B", [layer.Weight.shape[0], config.R], faults);
            if (a is not null && b is not null)
            {
                Put(layer, config, TensorFiles.Load(file, a, ScalarType.Float32, model.Device), TensorFiles.Load(file, b, ScalarType.Float32, model.Device));
            }
        }

        var known = targets.SelectMany(layer => new[] { Key(layer, "lora_A"), Key(layer, "lora_B") }).ToHashSet(StringComparer.Ordinal);
        faults.AddRange(file.Tensors.Keys.Where(name => !known.Contains(name)).Take(5).Select(name =>
            new Fault("unexpected_tensor", $"The adapter holds '{name}', which fits no layer that it names.", "Check that the adapter belongs to this base model.", path)));
        return faults.Count == 0 ? config : throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    /// <summary>Writes the adapter that the model carries, in 32 bits.</summary>
    public static void Save(CausalLanguageModel model, AdapterConfig config, string folder, string baseModel)
    {
        var adapted = model.Linears.Where(layer => layer.Lora is not null).ToList();
        SafetensorsWriter.Write(Path.Combine(folder, WeightsFile), adapted.SelectMany(layer => new[]
        {
            TensorFiles.ToWrite(Key(layer, "lora_A"), layer.Lora!.A, TensorType.F32),
            TensorFiles.ToWrite(Key(layer, "lora_B"), layer.Lora!.B, TensorType.F32),
        }));
        config.Write(folder, baseModel, [.. adapted.Select(layer => LastPart(layer.Name)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>The adapter's weights by their names in its file, sorted.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Parameters(CausalLanguageModel model) => model.Linears
        .Where(layer => layer.Lora is not null)
        .SelectMany(layer => new[] { KeyValuePair.Create(Key(layer, "lora_A"), layer.Lora!.A), KeyValuePair.Create(Key(layer, "lora_B"), layer.Lora!.B) })
        .OrderBy(part => part.Key, StringComparer.Ordinal);

    private static List<Linear> Targets(CausalLanguageModel model, TargetModules modules)
    {
        var all = model.Linears.ToList();
        if (modules.IsAllLinear)
        {
            return all;
        }

        var faults = modules.Names.Where(name => !all.Exists(layer => Matches(layer, name))).Select(name => new Fault(
            "unknown_target_module",
            $"No linear layer is named '{name}'.",
            $"Known: {string.Join(", ", all.Select(layer => LastPart(layer.Name)).Distinct(StringComparer.Ordinal))}, or all-linear.",
            "lora.target_modules")).ToList();
        return faults.Count == 0
            ? all.FindAll(layer => modules.Names.Any(name => Matches(layer, name)))
            : throw new FaultException(WorkerExitCode.Invalid, faults);
    }

    private static bool Matches(Linear layer, string name) =>
        layer.Name == name || layer.Name.EndsWith("." + name, StringComparison.Ordinal);

    private static void Put(Linear layer, AdapterConfig config, Tensor a, Tensor b)
    {
        (a.requires_grad, b.requires_grad) = (true, true);
        layer.Lora?.Dispose();
        layer.Lora = new LoraLayer(a, b, config.Scale, config.Dropout);
    }

    private static TensorInfo? Find(SafetensorsFile file, Linear layer, string part, long[] shape, List<Fault> faults)
    {
        var key = Key(layer, part);
        if (!file.Tensors.TryGetValue(key, out var tensor))
        {
            faults.Add(new("missing_tensor", $"The adapter has no tensor '{key}'.", "Check that the adapter belongs to this base model.", file.Path));
            return null;
        }

        if (!tensor.Shape.SequenceEqual(shape))
        {
            faults.Add(new("wrong_shape", $"Tensor '{key}' has the shape [{string.Join(", ", tensor.Shape)}]; the base model asks for [{string.Join(", ", shape)}].", "Check that the adapter belongs to this base model.", file.Path));
            return null;
        }

        return tensor;
    }

    private static string Key(Linear layer, string part) => $"{Prefix}{layer.Name}.{part}.weight";

    private static string LastPart(string name) => name[(name.LastIndexOf('.') + 1)..];
}
