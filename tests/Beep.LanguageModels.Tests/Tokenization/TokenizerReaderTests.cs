using Beep.Contracts;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Tokenization;

public sealed class TokenizerReaderTests
{
    [Theory]
    [InlineData("model", """{"type": "Unigram"}""", "model: The tokenizer model \"Unigram\" is not supported. Supported: BPE.")]
    [InlineData("normalizer", """{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "StripAccents"}]}""", "normalizer.normalizers[1]: The normalizer \"StripAccents\" is not supported. Supported: NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence.")]
    [InlineData("pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, {"type": "ByteLevel"}]}""", "pre_tokenizer.pretokenizers[0]: The pre-tokenizer \"Whitespace\" is not supported. Supported: ByteLevel, Digits, Sequence, Split.")]
    [InlineData("pre_tokenizer", "null", "The pre_tokenizer \"null\" is not supported. Supported: ByteLevel, Digits, Sequence, Split.")]
    [InlineData("decoder", """{"type": "Metaspace"}""", "decoder: The decoder \"Metaspace\" is not supported. Supported: ByteLevel.")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "post_processor: The post-processor \"BertProcessing\" is not supported. Supported: ByteLevel, Sequence, TemplateProcessing.")]
    public void Read_UnsupportedComponent_NamesItAndTheKnownOnes(string member, string json, string expected)
    {
        using var folder = new TokenizerFolder();
        folder.Set(member, json);

        var fault = Assert.Throws<FaultException>(folder.Load);

        Assert.StartsWith($"{folder.FilePath}: {expected} ", fault.Message, StringComparison.Ordinal);
        Assert.Equal(("tokenizer_unsupported", WorkerExitCode.Invalid), (fault.Faults[0].Code, fault.ExitCode));
    }

    [Theory]
    [InlineData("byte_fallback", "true")]
    [InlineData("dropout", "0.1")]
    [InlineData("end_of_word_suffix", "\"w\"")]
    public void Read_UnsupportedModelOption_NamesIt(string name, string json)
    {
        using var folder = new TokenizerFolder();
        folder.SetModel(name, json);

        Assert.Contains($"{name}: {json}", Assert.Throws<FaultException>(folder.Load).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[["a", "b", "c"]]""", "model.merges[0]: The merge [\"a\", \"b\", \"c\"] is not a pair of tokens.")]
    [InlineData("""["ab"]""", "model.merges[0]: The merge \"ab\" is not a pair of tokens.")]
    [InlineData("""["H nosuchtoken"]""", "model.merges[0]: The token \"nosuchtoken\" is not in the vocabulary.")]
    [InlineData("""{}""", "model: Found")]
    [InlineData("""[[1, 2]]""", "The file cannot be read:")]
    public void Read_BrokenMerges_SaysWhich(string merges, string expected)
    {
        using var folder = new TokenizerFolder();
        folder.SetModel("merges", merges);

        var message = Assert.Throws<FaultException>(folder.Load).Message;

        Assert.Contains(expected.Replace(", ", ",", StringComparison.Ordinal), message.Replace(", ", ",", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a": -1}""")]
    [InlineData("""{"a": 99999999}""")]
    [InlineData("""{"a": 1.5}""")]
    [InlineData("""{"a": "1"}""")]
    [InlineData("""{"a": 5, "b": 5}""")]
    public void Read_BadIds_AreRefused(string vocabulary)
    {
        using var folder = new TokenizerFolder();
        folder.SetModel("merges", "[]").SetModel("vocab", vocabulary);

        Assert.Equal("tokenizer_invalid", Assert.Throws<FaultException>(folder.Load).Faults[0].Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"model\": {}}")]
    [InlineData("{\"model\": {\"vocab\": {}, \"merges\": []}, \"added_tokens\": [1]}")]
    [InlineData("{\"model\": {\"type\": \"\\ud800\"}}")]
    public void Read_BrokenFile_IsRefusedWithItsPath(string text)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("tokenizer.json", text);

        var fault = Assert.Throws<FaultException>(() => Tokenizer.Load(folder.Path));

        Assert.StartsWith(path, fault.Message, StringComparison.Ordinal);
        Assert.Equal(WorkerExitCode.Invalid, fault.ExitCode);
    }

    [Fact]
    public void Read_NoFile_SaysWhatIsWanted()
    {
        using var folder = new TemporaryFolder();

        var fault = Assert.Throws<FaultException>(() => Tokenizer.Load(folder.Path));

        Assert.Equal(
            $"{folder.At("tokenizer.json")}: There is no tokenizer.json. Take a model folder in Hugging Face layout that has one; tokenizer.model alone is not supported. [tokenizer_missing]",
            fault.Message);
    }

    [Fact]
    public void Read_PatternDotNetCannotRead_IsRefused()
    {
        using var folder = new TokenizerFolder();
        folder.Set("pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\p{Han}+"}, "behavior": "Isolated"}, {"type": "ByteLevel"}]}""");

        Assert.Equal("tokenizer_pattern_unsupported", Assert.Throws<FaultException>(folder.Load).Faults[0].Code);
    }
}
