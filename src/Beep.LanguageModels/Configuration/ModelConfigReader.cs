using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Safetensors;

namespace Beep.LanguageModels.Configuration;

/// <summary>
/// Reads <c>config.json</c> in the layout of Transformers 5 (<c>rope_parameters</c>) and the older one
/// (<c>rope_theta</c>, <c>rope_scaling</c>), which most published models have.
/// </summary>
internal sealed class ModelConfigReader
{
    /// <summary>Past any model, and few enough that a file that lies makes no flood of layers.</summary>
    private const int MaxLayers = 1 << 12;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly JsonElement _root;
    private readonly string _path;
    private readonly List<Fault> _faults = [];

    private ModelConfigReader(JsonElement root, string path) => (_root, _path) = (root, path);

    /// <summary>The families this product computes.</summary>
    public static IReadOnlyList<string> KnownTypes { get; } = ["llama", "qwen2"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="FaultException">The file is missing, damaged, of an unknown family, or asks for something not built; every fault at once.</exception>
    public static ModelConfig Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Strict);
            return new ModelConfigReader(document.RootElement, path).Read();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw FaultException.Invalid("config_not_found", $"There is no '{path}'.", "Name a model folder in Hugging Face layout.", path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw FaultException.Invalid("bad_config", $"'{path}' cannot be read: {error.Message}", "Download the model again.", path, error);
        }
    }

    private ModelConfig Read()
    {
        var type = _root.TryGetProperty("model_type", out var value) ? value.GetString() ?? "" : "";
        if (!KnownTypes.Contains(type))
        {
            throw FaultException.Invalid("unknown_model_type", $"The model is of type '{type}', which is not known here.", $"Known types: {string.Join(", ", KnownTypes)}.", _path);
        }

        var (hidden, heads) = (Size("hidden_size"), Size("num_attention_heads"));
        var biased = Flag("attention_bias");
        var config = new ModelConfig
        {
            ModelType = type,
            HiddenSize = hidden,
            NumLayers = Size("num_hidden_layers", max: MaxLayers),
            NumHeads = heads,
            NumKeyValueHeads = Size("num_key_value_heads", heads),
            HeadDim = Size("head_dim", heads > 0 ? Math.Max(1, hidden / heads) : 1),
            IntermediateSize = Size("intermediate_size"),
            VocabularySize = Size("vocab_size"),
            MaxPositionEmbeddings = Size("max_position_embeddings", 2048),
            RmsNormEps = Number(_root, "rms_norm_eps", 1e-6),
            Rope = ReadRope(),
            TieWordEmbeddings = Flag("tie_word_embeddings"),
            QkvBias = type == "qwen2" || biased,
            OutputBias = type == "llama" && biased,
            MlpBias = type == "llama" && Flag("mlp_bias"),
            WeightType = (Text(_root, "dtype") ?? Text(_root, "torch_dtype")) switch
            {
                "bfloat16" => TensorType.BF16,
                "float16" => TensorType.F16,
                _ => TensorType.F32,
            },
            InitializerRange = Number(_root, "initializer_range", 0.02),
        };
        CheckSupport(config);
        return _faults.Count == 0 ? config : throw new FaultException(WorkerExitCode.Invalid, _faults);
    }

    private void CheckSupport(ModelConfig config)
    {
        if (_root.TryGetProperty("hidden_act", out var act) && act.GetString() is { } name && name != "silu")
        {
            Add("unsupported_activation", $"'hidden_act' is '{name}'; only 'silu' is computed here.", "Choose another model.");
        }

        if (Flag("use_sliding_window"))
        {
            Add("unsupported_attention", "'use_sliding_window' is on; only full attention is computed here.", "Choose a model without it.");
        }

        if (_root.TryGetProperty("quantization_config", out var quantization) && quantization.ValueKind == JsonValueKind.Object)
        {
            Add("quantized_model", "The weights are quantised ('quantization_config').", "Take the unquantised version of the model.");
        }

        if (config.NumKeyValueHeads > 0 && config.NumHeads % config.NumKeyValueHeads != 0)
        {
            Add("bad_config", $"{config.NumHeads} query heads do not share {config.NumKeyValueHeads} key heads evenly.", "Download the model again.");
        }

        if (config.HeadDim % 2 != 0)
        {
            Add("bad_config", $"'head_dim' is {config.HeadDim}; rotary embeddings want an even number.", "Download the model again.");
        }
    }

    private RopeConfig ReadRope()
    {
        if (_root.TryGetProperty("rope_parameters", out var parameters) && parameters.ValueKind == JsonValueKind.Object)
        {
            return Scale(parameters, Number(parameters, "rope_theta", 10_000));
        }

        var theta = Number(_root, "rope_theta", 10_000);
        return _root.TryGetProperty("rope_scaling", out var scaling) && scaling.ValueKind == JsonValueKind.Object
            ? Scale(scaling, theta)
            : new RopeConfig(theta);
    }

    private RopeConfig Scale(JsonElement rope, double theta)
    {
        // The oldest files say "type".
        var type = Text(rope, "rope_type") ?? Text(rope, "type") ?? "default";
        switch (type)
        {
            case "default":
                return new RopeConfig(theta);
            case "linear":
                return new RopeConfig(theta, RopeScaling.Linear, Number(rope, "factor", 1));
            case "llama3":
                return new RopeConfig(
                    theta,
                    RopeScaling.Llama3,
                    Number(rope, "factor", 8),
                    Number(rope, "low_freq_factor", 1),
                    Number(rope, "high_freq_factor", 4),
                    Number(rope, "original_max_position_embeddings", 8192));
            default:
                Add("unsupported_rope", $"Rotary embeddings of type '{type}' are not computed here.", "Known: default, linear, llama3.");
                return new RopeConfig(theta);
        }
    }

    private int Size(string key, int? fallback = null, int max = 1 << 24)
    {
        if (!_root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            if (fallback is null)
            {
                Add("bad_config", $"'{key}' is missing.", "Download the model again.");
            }

            return fallback ?? 1;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var size) || size < 1 || size > max)
        {
            Add("bad_config", $"'{key}' is {value.GetRawText()}; it must be a whole number from 1 to {max}.", "Download the model again.");
            return fallback ?? 1;
        }

        return size;
    }

    private double Number(JsonElement parent, string key, double fallback)
    {
        if (!parent.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return fallback;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) && number > 0)
        {
            return number;
        }

        Add("bad_config", $"'{key}' is {value.GetRawText()}; it must be a number above 0.", "Download the model again.");
        return fallback;
    }

    private bool Flag(string key) => _root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;

    private static string? Text(JsonElement parent, string key) =>
        parent.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private void Add(string code, string message, string remedy) => _faults.Add(new Fault(code, message, remedy, _path));
}
