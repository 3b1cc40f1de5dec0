using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.LanguageModels.Tokenization;

namespace Beep.Recipe;

/// <summary>Trains the tokenizer on the corpus and writes <c>tokenizer.json</c>.</summary>
internal static class TokenizerFile
{
    private const int VocabularySize = 4096;

    private static readonly string[] SpecialTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>"];

    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public static void Train(string corpus, string path)
    {
        var trainer = new BytePairTrainer(SpecialTokens, CountWords(corpus));
        trainer.Train(VocabularySize);
        File.WriteAllText(path, Describe(trainer).ToJsonString(Layout) + "\n");
        Console.WriteLine($"{trainer.Tokens.Count} tokens, {trainer.Merges.Count} merges: {path}");
    }

    private static Dictionary<string, int> CountWords(string corpus)
    {
        var splitter = WordSplitter.ForPattern(WordSplitter.Llama3Pattern)!;
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var text in Rows.ReadTexts(corpus))
        {
            for (var start = 0; start < text.Length;)
            {
                var end = splitter.EndOfWord(text, start);
                CollectionsMarshal.GetValueRefOrAddDefault(lookup, text.AsSpan(start, end - start), out _)++;
                start = end;
            }
        }

        return counts;
    }

    private static JsonObject Describe(BytePairTrainer trainer) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. SpecialTokens.Select(static (token, id) => AddedToken(token, id))]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = WordSplitter.Llama3Pattern },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                },
                ByteLevel()),
        },
        ["post_processor"] = null,
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = new JsonObject(trainer.Tokens.Select(static (token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["merges"] = new JsonArray([.. trainer.Merges.Select(merge => (JsonNode)$"{trainer.Tokens[merge.Left]} {trainer.Tokens[merge.Right]}")]),
        },
    };

    private static JsonObject AddedToken(string content, int id) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = false,
    };
}
