using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.LanguageModels.Configuration;
using Beep.LanguageModels.Safetensors;

namespace Beep.Trainer.Models;

/// <summary>The files beside the weights of a model folder.</summary>
internal static class ModelFolder
{
    private static readonly string[] Companions =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.jinja", "generation_config.json", "LICENSE", "LICENSE.txt", "NOTICE",
    ];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Copies the tokenizer and its kind, and the configuration with the number format of the new weights.</summary>
    public static void CopyCompanions(string from, string to, TensorType type)
    {
        foreach (var name in Companions.Where(name => File.Exists(Path.Combine(from, name))))
        {
            // Not File.Copy, which takes over that a file is read-only: the copy could then be neither flushed nor replaced.
            File.WriteAllBytes(Path.Combine(to, name), File.ReadAllBytes(Path.Combine(from, name)));
        }

        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(from, ModelConfig.FileName)))!.AsObject();
        var dtype = type switch
        {
            TensorType.F32 => "float32",
            TensorType.F16 => "float16",
            TensorType.BF16 => "bfloat16",
        };
        config[config.ContainsKey("torch_dtype") ? "torch_dtype" : "dtype"] = dtype;
        File.WriteAllBytes(Path.Combine(to, ModelConfig.FileName), JsonSerializer.SerializeToUtf8Bytes(config, Indented));
    }
}
