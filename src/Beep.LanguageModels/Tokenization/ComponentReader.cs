using System.Text.Json;

namespace Beep.LanguageModels.Tokenization;

/// <summary>Reads the components around the model of a <c>tokenizer.json</c>.</summary>
internal static class ComponentReader
{
    private static readonly string[] Normalizers = ["NFC", "NFD", "NFKC", "NFKD", "Prepend", "Replace", "Sequence"];
    private static readonly string[] PreTokenizers = ["ByteLevel", "Digits", "Sequence", "Split"];
    private static readonly string[] PostProcessors = ["ByteLevel", "Sequence", "TemplateProcessing"];

    public static Normalizer ReadNormalizer(TokenizerJson normalizer) => normalizer.Type switch
    {
        "NFC" => new UnicodeNormalizer(UnicodeForm.C),
        "NFD" => new UnicodeNormalizer(UnicodeForm.D),
        "NFKC" => new UnicodeNormalizer(UnicodeForm.KC),
        "NFKD" => new UnicodeNormalizer(UnicodeForm.KD),
        "Prepend" => new PrependNormalizer(normalizer.String("prepend")),
        "Replace" => new ReplaceNormalizer(ReadPattern(normalizer.Object("pattern")), normalizer.String("content")),
        "Sequence" => new SequenceNormalizer([.. normalizer.Objects("normalizers").Select(ReadNormalizer)]),
        var other => throw normalizer.Unsupported("normalizer", other, Normalizers),
    };

    /// <summary>Reads the pre-tokenizer, which has to end in <c>ByteLevel</c>: the vocabulary is spelled in bytes.</summary>
    public static PreTokenizer ReadPreTokenizer(TokenizerJson root)
    {
        if (root.OptionalObject("pre_tokenizer") is not { } preTokenizer)
        {
            throw root.Unsupported("pre_tokenizer", "null", PreTokenizers);
        }

        var steps = Flatten(preTokenizer, "pretokenizers").ToList();
        for (var index = 0; index < steps.Count; index++)
        {
            var last = index == steps.Count - 1;
            if (last != (steps[index].Type == "ByteLevel"))
            {
                throw steps[index].Unsupported("pre-tokenizer", steps[index].Type + (last ? "\" as the last step, \"" : "\" before others, \"") + "…", PreTokenizers);
            }
        }

        return new SequencePreTokenizer([.. steps.Select(ReadStep)]);
    }

    public static PostProcessor ReadPostProcessor(TokenizerJson processor) => processor.Type switch
    {
        "ByteLevel" => PostProcessor.None,
        "TemplateProcessing" => ReadTemplate(processor),
        "Sequence" => processor.Objects("processors")
            .Select(ReadPostProcessor)
            .Aggregate(PostProcessor.None, static (inner, outer) => outer.Around(inner)),
        var other => throw processor.Unsupported("post-processor", other, PostProcessors),
    };

    /// <summary>Refuses a tokenizer whose tokens do not decode as bytes.</summary>
    public static void RequireByteLevelDecoder(TokenizerJson root)
    {
        if (root.OptionalObject("decoder") is not { } decoder)
        {
            throw root.Unsupported("decoder", "null", ["ByteLevel"]);
        }

        foreach (var step in Flatten(decoder, "decoders"))
        {
            if (step.Type != "ByteLevel")
            {
                throw step.Unsupported("decoder", step.Type, ["ByteLevel"]);
            }
        }
    }

    private static IEnumerable<TokenizerJson> Flatten(TokenizerJson component, string members) =>
        component.Type == "Sequence" ? component.Objects(members).SelectMany(step => Flatten(step, members)) : [component];

    private static PreTokenizer ReadStep(TokenizerJson step) => step.Type switch
    {
        "ByteLevel" => new ByteLevelPreTokenizer(step.Flag("add_prefix_space", true), step.Flag("use_regex", true)),
        "Digits" => new DigitsPreTokenizer(step.Flag("individual_digits", false)),
        "Split" => ReadSplit(step),
        var other => throw step.Unsupported("pre-tokenizer", other, PreTokenizers),
    };

    private static PreTokenizer ReadSplit(TokenizerJson split)
    {
        var name = split.String("behavior");
        if (!Enum.TryParse<SplitBehavior>(name, out var behavior) || !Enum.IsDefined(behavior))
        {
            throw split.Unsupported("split behaviour", name, Enum.GetNames<SplitBehavior>());
        }

        var pattern = split.Object("pattern");
        var invert = split.Flag("invert", false);
        var words = pattern.Has("Regex") ? WordSplitter.ForPattern(pattern.String("Regex")) : null;
        return words is not null && behavior is SplitBehavior.Isolated
            ? new WordPreTokenizer(words)
            : new SplitPreTokenizer(ReadPattern(pattern), behavior, invert);
    }

    private static TextPattern ReadPattern(TokenizerJson pattern) => pattern.Has("Regex")
        ? new ExpressionPattern(pattern.String("Regex"), pattern.Where)
        : new LiteralPattern(pattern.String("String"));

    private static PostProcessor ReadTemplate(TokenizerJson processor)
    {
        var known = processor.Object("special_tokens");
        var before = new List<int>();
        var after = new List<int>();
        var seenText = false;
        foreach (var piece in processor.Objects("single"))
        {
            if (piece.Has("Sequence"))
            {
                seenText = true;
                continue;
            }

            var token = known.Object(piece.Object("SpecialToken").String("id"));
            if (!token.Element.TryGetProperty("ids", out var ids) || ids.ValueKind != JsonValueKind.Array)
            {
                throw token.Wrong("a special token with an array \"ids\"");
            }

            (seenText ? after : before).AddRange(ids.EnumerateArray().Select(id => TokenizerReader.ReadId(id, token)));
        }

        return new PostProcessor([.. before], [.. after]);
    }
}
