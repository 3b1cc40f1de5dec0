using System.Text.Json;
using Beep.Contracts;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Reads <c>tokenizer.json</c>; a component it has no code for is refused by name.</summary>
internal static class TokenizerReader
{
    /// <summary>Ids index arrays, so a file must not claim billions of them; the largest published vocabularies have 262,144 tokens.</summary>
    private const int HighestId = 16_777_215;

    /// <summary>The largest published files have 35 MB.</summary>
    private const long LargestFile = 512L << 20;

    public static TokenizerDefinition Read(string path)
    {
        using var document = Parse(path);
        var root = new TokenizerJson(document.RootElement, path, "");
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw root.Wrong("an object");
        }

        try
        {
            return Read(root);
        }
        catch (InvalidOperationException fault)
        {
            throw Unreadable(path, fault);
        }
    }

    private static TokenizerDefinition Read(TokenizerJson root)
    {
        var model = BytePairModelReader.Read(root.Object("model"));
        var added = root.Has("added_tokens") ? root.Objects("added_tokens").Select(token => ReadAddedToken(token, model)).DistinctBy(static token => token.Content).ToList() : [];
        ComponentReader.RequireByteLevelDecoder(root);
        return new TokenizerDefinition(
            model,
            added,
            TokensById(model, added, root),
            root.OptionalObject("normalizer") is { } normalizer ? ComponentReader.ReadNormalizer(normalizer) : null,
            ComponentReader.ReadPreTokenizer(root),
            root.OptionalObject("post_processor") is { } processor ? ComponentReader.ReadPostProcessor(processor) : PostProcessor.None);
    }

    /// <summary>An added token that the vocabulary has too keeps the id it has there, as in the tokenizers library.</summary>
    private static AddedToken ReadAddedToken(TokenizerJson token, BytePairModel model)
    {
        var content = token.String("content");
        var id = ReadId(token.Element.TryGetProperty("id", out var value) ? value : default, token);
        return new AddedToken(
            model.Vocabulary.GetValueOrDefault(content, id),
            content,
            token.Flag("special", false),
            token.Flag("single_word", false),
            token.Flag("lstrip", false),
            token.Flag("rstrip", false),
            token.Flag("normalized", !token.Flag("special", false)));
    }

    /// <summary>A token id, from 0 to 16,777,215.</summary>
    public static int ReadId(JsonElement value, TokenizerJson owner) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id is >= 0 and <= HighestId
            ? id
            : throw owner.Wrong($"a token id from 0 to {HighestId}");

    private static string?[] TokensById(BytePairModel model, List<AddedToken> added, TokenizerJson root)
    {
        var highest = Math.Max(model.Vocabulary.Values.DefaultIfEmpty(-1).Max(), added.Select(static token => token.Id).DefaultIfEmpty(-1).Max());
        var tokens = new string?[highest + 1];
        foreach (var (token, id) in model.Vocabulary)
        {
            if (tokens[id] is { } other)
            {
                throw FaultException.Invalid(
                    "tokenizer_invalid",
                    $"The id {id} belongs to two tokens, \"{other}\" and \"{token}\".",
                    "Download the model's tokenizer.json again.",
                    $"{root.Where}: model.vocab");
            }

            tokens[id] = token;
        }

        added.ForEach(token => tokens[token.Id] = token.Content);
        return tokens;
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            if (new FileInfo(path).Length > LargestFile)
            {
                throw FaultException.Invalid(
                    "tokenizer_invalid",
                    $"The file has more than {LargestFile >> 20} MiB, which no tokenizer needs.",
                    "Download the model's tokenizer.json again.",
                    path);
            }

            return JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw FaultException.Invalid(
                "tokenizer_missing",
                "There is no tokenizer.json.",
                "Take a model folder in Hugging Face layout that has one; tokenizer.model alone is not supported.",
                path,
                fault);
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, fault);
        }
    }

    private static FaultException Unreadable(string path, Exception fault) => FaultException.Invalid(
        "tokenizer_invalid",
        $"The file cannot be read: {fault.Message}",
        "Check its permissions, or download the model's tokenizer.json again.",
        path,
        fault);
}
