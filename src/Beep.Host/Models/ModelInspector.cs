using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Safetensors;
using Beep.LanguageModels.Tokenization;

namespace Beep.Host.Models;

/// <summary>Reads what a folder says it holds and trusts none of it: sizes are bounded and every header is checked against its file.</summary>
internal static class ModelInspector
{
    private const long MostJsonBytes = 256 << 20;
    private const long MostConfigBytes = 4 << 20;
    private const string TokenizerConfig = "tokenizer_config.json";

    private static readonly string[] Small = [ModelConfig.FileName, ModelFiles.AdapterConfig, TokenizerConfig, "chat_template.jinja"];

    /// <exception cref="FaultException">It is no model that can be used here; every fault.</exception>
    /// <exception cref="HttpFaultException">415: its weights are pickles.</exception>
    public static ModelFacts Inspect(string folder, bool isKept = false)
    {
        if (!Directory.Exists(folder))
        {
            throw FaultException.Invalid("model_not_found", $"There is no folder '{folder}'.", "Check the path.", "folder");
        }

        ModelFiles.RefusePickles(folder, isKept);
        RefuseLarge(folder);
        return File.Exists(Path.Combine(folder, ModelFiles.AdapterConfig)) ? InspectAdapter(folder) : InspectBase(folder);
    }

    private static ModelFacts InspectBase(string folder)
    {
        var config = ModelConfig.Load(folder);
        return new ModelFacts
        {
            IsAdapter = false,
            Architecture = config.ModelType,
            Parameters = CountParameters(ModelFiles.WeightsOf(folder, isAdapter: false)),
            ContextLength = config.MaxPositionEmbeddings,
            HasChatTemplate = ChatTemplate.Load(folder) is not null,
            License = ModelLicense.Read(folder),
        };
    }

    private static ModelFacts InspectAdapter(string folder)
    {
        if (!File.Exists(Path.Combine(folder, ModelFiles.AdapterWeights)))
        {
            throw FaultException.Invalid("weights_not_found", $"The adapter has no '{ModelFiles.AdapterWeights}'.", "Name an adapter folder in PEFT layout.", "folder");
        }

        using var config = ModelJson.TryRead(folder, ModelFiles.AdapterConfig)!;
        if (!config.RootElement.TryGetProperty("peft_type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() != "LORA")
        {
            throw FaultException.Invalid("unsupported_adapter", $"The adapter's peft_type is {(type.ValueKind == JsonValueKind.Undefined ? "missing" : type.GetRawText())}.", "Only LORA adapters can be used here.", ModelFiles.AdapterConfig);
        }

        return new ModelFacts
        {
            IsAdapter = true,
            Parameters = CountParameters(ModelFiles.WeightsOf(folder, isAdapter: true)),
            HasChatTemplate = ChatTemplate.Load(folder) is not null,
            License = ModelLicense.Read(folder),
            BaseName = config.RootElement.TryGetProperty("base_model_name_or_path", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null,
        };
    }

    private static long CountParameters(IEnumerable<string> files)
    {
        var count = 0L;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in files)
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var (tensors, _) = SafetensorsHeader.Read(stream, stream.Length, path);
            foreach (var (name, tensor) in tensors)
            {
                count += names.Add(name)
                    ? tensor.ElementCount
                    : throw FaultException.Invalid("duplicate_tensor", $"Tensor '{name}' is in more than one file.", "Download the model again into an empty folder.", Path.GetFileName(path));
            }
        }

        return count > 0 ? count : throw FaultException.Invalid("no_tensors", "The weights hold no number.", "Download or export the model again.", "folder");
    }

    /// <summary>What is read whole must fit into memory.</summary>
    private static void RefuseLarge(string folder)
    {
        var faults = ModelFiles.In(folder)
            .Where(file => file.Extension.Equals(".json", StringComparison.OrdinalIgnoreCase) || file.Extension.Equals(".jinja", StringComparison.OrdinalIgnoreCase))
            .Where(file => ModelFiles.LengthOf(file) > (Small.Contains(file.Name, StringComparer.Ordinal) ? MostConfigBytes : MostJsonBytes))
            .Select(file => new Fault("file_too_large", $"'{file.Name}' has {ModelFiles.LengthOf(file):N0} bytes.", "Such a file belongs to no model: check where the folder came from.", file.Name)).ToList();
        if (faults.Count > 0)
        {
            throw new FaultException(WorkerExitCode.Invalid, faults);
        }
    }
}
