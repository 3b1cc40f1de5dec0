using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Tokenization;

public sealed class TokenizerReferenceTests
{
    [Theory]
    [InlineData("llama-tied")]
    [InlineData("llama3-rope-untied")]
    [InlineData("qwen2")]
    public void Tokenizer_ReferenceTexts_GivesTheSameIdsAndText(string model)
    {
        var tokenizer = Tokenizer.Load(RepositoryFiles.Fixture(model));

        Assert.Equal(13, TokenizerCases.Replay(tokenizer, RepositoryFiles.Fixture(model, "reference.json")));
        Assert.Equal(512, tokenizer.VocabularySize);
        Assert.Equal((0, 3, null), (tokenizer.EndOfSequenceId, tokenizer.PadId, tokenizer.BeginningOfSequenceId));
    }

    /// <summary>For folders of published tokenizers, each with a reference.json in the fixtures' form; too large to carry along.</summary>
    [Fact]
    public void Tokenizer_PublishedTokenizers_GiveTheSameIdsAndOffsets()
    {
        var folder = Environment.GetEnvironmentVariable("BEEP_TOKENIZER_REFERENCES");
        Assert.SkipWhen(folder is null, "BEEP_TOKENIZER_REFERENCES names no folder of published tokenizers.");

        var cases = Directory.GetDirectories(folder!).Sum(static model =>
            TokenizerCases.Replay(Tokenizer.Load(model), Path.Combine(model, "reference.json")));

        Assert.True(cases > 0, $"No cases under {folder}.");
    }
}
