using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;

namespace Beep.Trainer.Adapters;

/// <summary><c>adapter_config.json</c> in PEFT's layout.</summary>
/// <param name="R">The rank.</param>
/// <param name="Alpha">The numerator of the scale.</param>
/// <param name="Dropout">The share of inputs dropped while training.</param>
/// <param name="UseRslora">Whether the scale divides by the square root of the rank.</param>
/// <param name="TargetModules">Which layers have an adapter.</param>
internal sealed record AdapterConfig(int R, double Alpha, double Dropout, bool UseRslora, TargetModules TargetModules)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "adapter_config.json";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What PEFT can write that changes what the adapter computes and is not computed here: the key, and the values that mean "not used".</summary>
    private static readonly (string Key, string[] Unused)[] Unsupported =
    [
        ("use_dora", ["null", "false"]), ("lora_bias", ["null", "false"]), ("bias", ["null", "\"none\""]), ("fan_in_fan_out", ["null", "false"]),
        ("modules_to_save", ["null", "[]"]), ("rank_pattern", ["null", "{}"]), ("alpha_pattern", ["null", "{}"]), ("layers_to_transform", ["null"]),
        ("layer_replication", ["null"]), ("trainable_token_indices", ["null"]), ("target_parameters", ["null", "[]"]), ("exclude_modules", ["null", "[]"]),
        ("use_qalora", ["null", "false"]), ("alora_invocation_tokens", ["null"]), ("arrow_config", ["null"]), ("use_bdlora", ["null", "false"]),
    ];

    /// <summary>What the product of the two matrices is multiplied by.</summary>
    public double Scale => UseRslora ? Alpha / Math.Sqrt(R) : Alpha / R;

    /// <summary>The shape that a spec asks for.</summary>
    public static AdapterConfig From(LoraSpec spec) => new(spec.R, spec.Alpha, spec.Dropout, spec.UseRslora, spec.TargetModules);

    /// <summary>Reads the file of an adapter folder.</summary>
    /// <exception cref="FaultException">It is missing, damaged, or uses what is not computed here; every fault at once.</exception>
    public static AdapterConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var root = JsonNode.Parse(File.ReadAllBytes(path), documentOptions: Strict)!.AsObject();
            var faults = Check(root, path);
            return faults.Count > 0
                ? throw new FaultException(WorkerExitCode.Invalid, faults)
                : new AdapterConfig(
                    root["r"]!.GetValue<int>(),
                    root["lora_alpha"]!.GetValue<double>(),
                    root["lora_dropout"]?.GetValue<double>() ?? 0,
                    root["use_rslora"]?.GetValue<bool>() ?? false,
                    root["target_modules"].Deserialize<TargetModules>()!);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw FaultException.Invalid("adapter_not_found", $"There is no '{path}'.", "Name an adapter folder in PEFT layout.", path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw FaultException.Invalid("bad_adapter_config", $"'{path}' cannot be read: {error.Message}", "Export the adapter again.", path, error);
        }
    }

    /// <summary>Writes the file; <paramref name="targets"/> are the last parts of the layers' names.</summary>
    public void Write(string folder, string baseModel, IReadOnlyList<string> targets)
    {
        var root = new JsonObject
        {
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["lora_alpha"] = Alpha == Math.Floor(Alpha) ? JsonValue.Create((long)Alpha) : JsonValue.Create(Alpha),
            ["lora_dropout"] = Dropout,
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = R,
            ["target_modules"] = new JsonArray([.. targets.Select(name => (JsonNode)name)]),
            ["task_type"] = "CAUSAL_LM",
            ["use_dora"] = false,
            ["use_rslora"] = UseRslora,
        };
        DurableFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(root, Indented));
    }

    private static List<Fault> Check(JsonObject root, string path)
    {
        var faults = new List<Fault>();
        if (root["peft_type"]?.GetValue<string>() is var type and not "LORA")
        {
            faults.Add(new("unsupported_adapter", $"The adapter is of type '{type}'.", "Only LORA adapters are computed here.", path));
        }

        foreach (var (key, unused) in Unsupported)
        {
            var value = root[key]?.ToJsonString() ?? "null";
            if (!unused.Contains(value))
            {
                faults.Add(new("unsupported_adapter", $"The adapter sets '{key}' to {value}, which is not computed here.", "Train or export the adapter without it.", path));
            }
        }

        if (root["r"] is not JsonValue rank || !rank.TryGetValue<int>(out var r) || r is < 1 or > 4096)
        {
            faults.Add(new("bad_adapter_config", $"'r' is {root["r"]?.ToJsonString() ?? "missing"}; it must be a whole number from 1 to 4096.", "Export the adapter again.", path));
        }

        if (root["lora_alpha"] is not JsonValue alpha || !alpha.TryGetValue<double>(out var numerator) || !double.IsFinite(numerator))
        {
            faults.Add(new("bad_adapter_config", $"'lora_alpha' is {root["lora_alpha"]?.ToJsonString() ?? "missing"}; it must be a number.", "Export the adapter again.", path));
        }

        if (root["target_modules"] is null)
        {
            faults.Add(new("bad_adapter_config", "'target_modules' is missing.", "Export the adapter again.", path));
        }

        return faults;
    }
}
