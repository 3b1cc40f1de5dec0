using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Reads the <c>model</c> of a <c>tokenizer.json</c>: vocabulary and merges of byte-level BPE.</summary>
internal static class BytePairModelReader
{
    public static BytePairModel Read(TokenizerJson model)
    {
        if (model.Has("type") && model.Type != "BPE")
        {
            throw model.Unsupported("tokenizer model", model.Type, ["BPE"]);
        }

        Refuse(model, "byte_fallback", static value => value.ValueKind == JsonValueKind.True);
        Refuse(model, "dropout", static value => value.ValueKind != JsonValueKind.Number || value.GetDouble() > 0);
        Refuse(model, "continuing_subword_prefix", static value => value.GetString()!.Length > 0);
        Refuse(model, "end_of_word_suffix", static value => value.GetString()!.Length > 0);
        var vocabulary = ReadVocabulary(model);
        return new BytePairModel(
            vocabulary,
            ReadMerges(model, vocabulary),
            model.Flag("ignore_merges", false),
            model.Has("unk_token") ? Find(vocabulary, model.String("unk_token"), model, "unk_token") : null,
            model.Flag("fuse_unk", false));
    }

    private static void Refuse(TokenizerJson model, string name, Func<JsonElement, bool> isUsed)
    {
        if (model.Has(name) && model.Element.GetProperty(name) is var value && isUsed(value))
        {
            throw model.Unsupported("tokenizer model with", $"{name}: {value.GetRawText()}", [$"BPE without {name}"]);
        }
    }

    private static Dictionary<string, int> ReadVocabulary(TokenizerJson model)
    {
        var vocab = model.Object("vocab");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocab.Element.EnumerateObject())
        {
            vocabulary[entry.Name] = TokenizerReader.ReadId(entry.Value, vocab);
        }

        return vocabulary;
    }

    private static MergeTable ReadMerges(TokenizerJson model, Dictionary<string, int> vocabulary)
    {
        if (!model.Element.TryGetProperty("merges", out var merges) || merges.ValueKind != JsonValueKind.Array)
        {
            throw model.Wrong("a model with an array \"merges\"");
        }

        var table = new MergeTable(merges.GetArrayLength());
        var rank = 0;
        foreach (var merge in merges.EnumerateArray())
        {
            var (left, right) = ReadPair(merge, model, rank);
            var place = $"merges[{rank}]";
            table.Add(
                Find(vocabulary, left, model, place),
                Find(vocabulary, right, model, place),
                rank,
                Find(vocabulary, left + right, model, place));
            rank++;
        }

        return table;
    }

    /// <summary>Both spellings in use: <c>"a b"</c> and <c>["a", "b"]</c>.</summary>
    private static (string Left, string Right) ReadPair(JsonElement merge, TokenizerJson model, int rank)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2)
        {
            return (merge[0].GetString()!, merge[1].GetString()!);
        }

        var text = merge.ValueKind == JsonValueKind.String ? merge.GetString()! : "";
        var blank = text.IndexOf(' ', StringComparison.Ordinal);
        return blank > 0 && blank == text.LastIndexOf(' ')
            ? (text[..blank], text[(blank + 1)..])
            : throw FaultException.Invalid(
                "tokenizer_invalid",
                $"The merge {merge.GetRawText()} is not a pair of tokens.",
                "Download the model's tokenizer.json again.",
                $"{model.Where}.merges[{rank}]");
    }

    private static int Find(Dictionary<string, int> vocabulary, string token, TokenizerJson model, string place) =>
        vocabulary.TryGetValue(token, out var id)
            ? id
            : throw FaultException.Invalid(
                "tokenizer_invalid",
                $"The token \"{token}\" is not in the vocabulary.",
                "Download the model's tokenizer.json again.",
                $"{model.Where}.{place}");
}
