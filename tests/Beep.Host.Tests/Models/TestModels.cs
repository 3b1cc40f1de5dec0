using Beep.LanguageModels.Safetensors;

namespace Beep.Host.Tests.Models;

/// <summary>Folders of models that are small and whole.</summary>
internal static class TestModels
{
    public const string Config =
        """{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4,"num_attention_heads":2,"num_key_value_heads":1,"num_hidden_layers":1,"intermediate_size":8,"vocab_size":16,"max_position_embeddings":128,"hidden_act":"silu","torch_dtype":"float32"}""";

    public const string Tokenizer = """{"eos_token":"</s>","chat_template":"{% for m in messages %}{{ m['content'] }}{% endfor %}"}""";

    public const string Card = "---\nlicense: apache-2.0\nlanguage: en\n---\n# A model\n";

    /// <summary>A base model; 64 parameters.</summary>
    public static string WriteBase(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{}");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), Tokenizer);
        File.WriteAllText(Path.Combine(folder, "README.md"), Card);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), [Tensor("model.embed_tokens.weight", 16, 4)]);
        return folder;
    }

    /// <summary>An adapter; 24 parameters.</summary>
    public static string WriteAdapter(string folder, string? baseName = null)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), $$"""{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["q_proj"],"base_model_name_or_path":"{{baseName ?? "somewhere"}}"}""");
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), [Tensor("base_model.model.q_proj.lora_A.weight", 2, 4), Tensor("base_model.model.q_proj.lora_B.weight", 8, 2)]);
        return folder;
    }

    /// <summary>The bytes of a safetensors file with any header.</summary>
    public static byte[] Safetensors(string header, int dataBytes = 64)
    {
        var json = System.Text.Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. new byte[dataBytes]];
    }

    private static TensorToWrite Tensor(string name, params long[] shape) =>
        new(name, TensorType.F32, shape, stream => stream.Write(new byte[4 * (int)shape.Aggregate(1L, (product, size) => product * size)]));
}
