using System.Diagnostics;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Tokenization;

public sealed class TokenizerTests
{
    private static readonly Tokenizer Llama = Tokenizer.Load(RepositoryFiles.Fixture("llama-tied"));

    [Fact]
    public void IdOf_KnownAndUnknownToken_GivesIdOrNull()
    {
        Assert.Equal(1, Llama.IdOf("<|im_start|>"));
        Assert.Equal(43, Llama.IdOf("H"));
        Assert.Null(Llama.IdOf("no such token"));
    }

    [Fact]
    public void Load_SeveralEndTokens_KeepsThemInOrder()
    {
        using var folder = new TokenizerFolder();
        folder.Write("tokenizer_config.json", """{"eos_token": {"content": "<|im_end|>"}, "bos_token": "<|im_start|>", "pad_token": "absent"}""");
        folder.Write("generation_config.json", """{"eos_token_id": [0, 2], "pad_token_id": 3}""");
        folder.Write("config.json", """{"eos_token_id": 7}""");

        var tokenizer = folder.Load();

        Assert.Equal([2, 0, 7], tokenizer.EndOfSequenceIds);
        Assert.Equal((2, 1, 3), (tokenizer.EndOfSequenceId, tokenizer.BeginningOfSequenceId, tokenizer.PadId));
    }

    [Fact]
    public void Load_NoConfigurationFiles_HasNoRoles()
    {
        using var folder = new TokenizerFolder();

        var tokenizer = folder.Load();

        Assert.Equal((null, null, null), (tokenizer.EndOfSequenceId, tokenizer.BeginningOfSequenceId, tokenizer.PadId));
    }

    [Fact]
    public void Encode_MergesAsTexts_EqualsMergesAsPairs()
    {
        using var folder = new TokenizerFolder();
        var merges = folder.File["model"]!["merges"]!.AsArray().Select(static pair => $"{pair![0]} {pair[1]}").ToArray();
        folder.SetModel("merges", System.Text.Json.JsonSerializer.Serialize(merges));

        Assert.Equal(Llama.Encode("return the message"), folder.Load().Encode("return the message"));
    }

    [Fact]
    public void Encode_IgnoreMerges_TakesWholeWords()
    {
        using var folder = new TokenizerFolder();
        folder.SetModel("merges", "[]");
        Assert.True(folder.Load().Encode("return").Length > 1);

        var word = folder.File["model"]!["vocab"]!.AsObject().Select(static entry => entry.Key).Where(static key => key.All(char.IsAsciiLetter)).MaxBy(static key => key.Length)!;
        folder.SetModel("ignore_merges", "true");

        Assert.Equal([folder.Load().IdOf(word)!.Value], folder.Load().Encode(word));
    }

    [Fact]
    public void Encode_WithSpecialTokens_AppliesTheTemplate()
    {
        using var folder = new TokenizerFolder();
        folder.Set("post_processor", """
            {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "s", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "e", "type_id": 0}}],
             "pair": [], "special_tokens": {"s": {"id": "s", "ids": [1], "tokens": ["s"]}, "e": {"id": "e", "ids": [2, 0], "tokens": ["e"]}}}]}
            """);
        var tokenizer = folder.Load();

        Assert.Equal([1, 68, 2, 0], tokenizer.Encode("a", addSpecialTokens: true));
        Assert.Equal([68], tokenizer.Encode("a"));
    }

    [Theory]
    [InlineData("x <m> y", "x| <m> |y", ", \"lstrip\": true, \"rstrip\": true")]
    [InlineData("x <m> y", "x |<m>| y", "")]
    [InlineData("a<m>b <m> c", "a<m>b |<m>| c", ", \"single_word\": true")]
    public void Encode_AddedTokenFlags_DecideWhatItSwallows(string text, string expected, string flags)
    {
        using var folder = new TokenizerFolder();
        var tokenizer = folder.AddToken(600, "<m>", flags + ", \"normalized\": false").Load();

        var traced = tokenizer.EncodeWithOffsets(text);

        var at = Array.IndexOf(traced.Ids, 600);
        Assert.Equal(expected, $"{text[..traced.Starts[at]]}|{text[traced.Starts[at]..traced.Ends[at]]}|{text[traced.Ends[at]..]}");
        Assert.Equal(601, tokenizer.VocabularySize);
    }

    [Fact]
    public void Encode_AddedTokensShareAStart_TakesTheLongest()
    {
        using var folder = new TokenizerFolder();
        var tokenizer = folder.AddToken(600, "<m>").AddToken(601, "<m><m>").Load();

        Assert.Equal([601, 600], tokenizer.Encode("<m><m><m>"));
    }

    [Fact]
    public void Encode_NormalizedAddedToken_IsFoundInTheNormalizedText()
    {
        using var folder = new TokenizerFolder();
        var tokenizer = folder.Set("normalizer", """{"type": "NFC"}""").AddToken(600, "éé", ", \"normalized\": true").Load();

        var traced = tokenizer.EncodeWithOffsets("ae\u0301e\u0301a");

        Assert.Equal([68, 600, 68], traced.Ids);
        Assert.Equal([0, 1, 5], traced.Starts);
        Assert.Equal([1, 5, 6], traced.Ends);
    }

    [Theory]
    [InlineData("\ud800")]
    [InlineData("a\udc00b \ud83d")]
    [InlineData("\ud83d\ud83d\ude00\ude00")]
    public void Encode_LoneSurrogates_CountAsReplacementCharacters(string text)
    {
        var ids = Llama.Encode(text);

        Assert.Equal(System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)), Llama.Decode(ids));
        Assert.Equal(ids.Length, Llama.EncodeWithOffsets(text).Starts.Length);
    }

    [Fact]
    public void EncodeWithOffsets_AnyText_CoversItInOrder()
    {
        const string text = "Héllo 😀, 漢字 <|im_start|>x\n";

        var traced = Llama.EncodeWithOffsets(text);

        Assert.Equal(Llama.Encode(text), traced.Ids);
        Assert.Equal(0, traced.Starts[0]);
        Assert.Equal(text.Length, traced.Ends[^1]);
        for (var index = 1; index < traced.Ids.Length; index++)
        {
            Assert.InRange(traced.Starts[index], traced.Starts[index - 1], traced.Ends[index - 1]);
        }
    }

    [Fact]
    public void Decode_SkippingSpecialTokens_LeavesThemOut()
    {
        var ids = Llama.Encode("<|im_start|>a<|im_end|>");

        Assert.Equal("a", Llama.Decode(ids, skipSpecialTokens: true));
        Assert.Equal("<|im_start|>a<|im_end|>", Llama.Decode(ids));
        Assert.Equal("a", Llama.Decode([68, 100_000, -1]));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("\U0001F600")]
    [InlineData(" \n")]
    public void Encode_MegabyteWithoutABreak_TakesLinearTime(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        var clock = Stopwatch.StartNew();

        var ids = Llama.Encode(text);

        Assert.Equal(text, Llama.Decode(ids));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed} for 1 MB.");
    }

    [Fact]
    public void Encode_ManyThreads_AgreeWithOne()
    {
        var texts = Enumerable.Range(0, 200).Select(static index => $"row {index} says {index * 7919} things, it's fine").ToArray();
        var expected = texts.Select(static text => string.Join(' ', Llama.Encode(text))).ToArray();

        var actual = new string[texts.Length];
        Parallel.For(0, 4, _ =>
        {
            for (var index = 0; index < texts.Length; index++)
            {
                actual[index] = string.Join(' ', Llama.Encode(texts[index]));
            }
        });

        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData("emoji 😀👩‍💻 é and 漢字")]
    [InlineData("<|im_start|>user\nHi<|im_end|>")]
    public void TokenTextStream_TokenByToken_YieldsWholeCharacters(string text)
    {
        var stream = new TokenTextStream(Llama, skipSpecialTokens: false);
        var pieces = Llama.Encode(text).Select(stream.Push).ToList();

        Assert.Equal(text, string.Concat(pieces) + stream.Flush());
        Assert.DoesNotContain(pieces, static piece => piece.Contains('\uFFFD', StringComparison.Ordinal) || (piece.Length > 0 && char.IsHighSurrogate(piece[^1])));
    }

    [Fact]
    public void TokenTextStream_UnfinishedCharacter_FlushesAReplacement()
    {
        var stream = new TokenTextStream(Llama, skipSpecialTokens: true);
        var ids = Llama.Encode("é");

        Assert.Equal("", stream.Push(ids[0]));
        Assert.Equal("", stream.Push(1));
        Assert.Equal("\uFFFD", stream.Flush());
        Assert.Equal("a", stream.Push(68));
    }
}
