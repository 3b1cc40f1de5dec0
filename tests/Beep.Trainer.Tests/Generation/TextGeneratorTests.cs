using Beep.Contracts;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;
using Beep.Trainer.Generation;
using Beep.Trainer.Models;
using static TorchSharp.torch;

namespace Beep.Trainer.Tests.Generation;

public sealed class TextGeneratorTests : IDisposable
{
    private static readonly string Fixture = RepositoryFiles.Fixture("llama3-rope-untied");

    private readonly CausalLanguageModel _model = CausalLanguageModel.Load(Fixture, trained: false, ScalarType.Float32, CPU);
    private readonly Tokenizer _tokenizer = Tokenizer.Load(Fixture);

    [Fact]
    public void Complete_Greedy_EqualsScoringTheWholeTextAnewForEachToken()
    {
        const string prompt = "def f(x):\n    return";
        var generator = new TextGenerator(_model, _tokenizer, template: null);

        var text = string.Concat(generator.Complete(prompt, SamplingOptions.Greedy with { MaxNewTokens = 24 }));

        Assert.Equal(_tokenizer.Decode([.. WithoutCache(prompt, 24)], skipSpecialTokens: true), text);
        Assert.Equal(24, generator.Usage.Answer);
        Assert.Equal("length", generator.FinishReason);
    }

    [Fact]
    public void Complete_SameSeed_DrawsTheSameText()
    {
        var options = new SamplingOptions(Temperature: 1.5, TopP: 0.95, TopK: 50, Seed: 3, MaxNewTokens: 20);

        var first = Complete(options);

        Assert.Equal(first, Complete(options));
        Assert.NotEqual(first, Complete(options with { Seed = 4 }));
    }

    [Fact]
    public void Complete_ModelsContext_EndsTheText()
    {
        var generator = new TextGenerator(_model, _tokenizer, template: null);

        _ = string.Concat(generator.Complete("Hello, world!", SamplingOptions.Greedy with { MaxNewTokens = 100_000 }));

        Assert.InRange(generator.Usage.Prompt + generator.Usage.Answer, 1, 129);
    }

    [Fact]
    public void Complete_PromptPastTheContext_IsRefused()
    {
        var fault = Assert.Throws<FaultException>(() => Complete(SamplingOptions.Greedy, string.Concat(Enumerable.Repeat("word ", 400))));

        Assert.Equal("prompt_too_long", fault.Faults.Single().Code);
    }

    [Theory]
    [InlineData(0.0, 1.0, 0, new[] { 2 })]
    [InlineData(1.0, 1.0, 1, new[] { 2 })]
    [InlineData(1.0, 0.5, 0, new[] { 2 })]
    [InlineData(1.0, 0.9, 0, new[] { 1, 2 })]
    [InlineData(1.0, 1.0, 2, new[] { 1, 2 })]
    [InlineData(1.0, 1.0, 0, new[] { 0, 1, 2, 3 })]
    public void Choose_Limits_DrawsFromTheAllowedTokensAlone(double temperature, double topP, int topK, int[] allowed)
    {
        var sampler = new TokenSampler(new SamplingOptions(temperature, topP, topK, Seed: 1, MaxNewTokens: 1));
        float[] scores = [(float)Math.Log(0.05), (float)Math.Log(0.3), (float)Math.Log(0.6), (float)Math.Log(0.05)];

        var drawn = Enumerable.Range(0, 2_000).Select(_ => sampler.Choose([.. scores])).ToList();

        Assert.Equal(allowed, drawn.Distinct().Order());
        if (allowed.Length == 4)
        {
            Assert.Equal(0.6, drawn.Count(token => token == 2) / 2_000.0, 0.05);
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(50_000)]
    public void Choose_EqualScores_PrefersTheLowestId(int vocabulary)
    {
        var scores = new float[vocabulary];
        scores.AsSpan().Fill(-1.5f);
        scores.AsSpan(7, vocabulary / 2).Fill(2.25f);

        Assert.Equal(7, new TokenSampler(new SamplingOptions(Temperature: 1, TopP: 1, TopK: 1, Seed: 1, MaxNewTokens: 1)).Choose(scores));
        Assert.InRange(new TokenSampler(new SamplingOptions(Temperature: 1, TopP: 1, TopK: 3, Seed: 1, MaxNewTokens: 1)).Choose(scores), 7, 9);
    }

    public void Dispose() => _model.Dispose();

    private string Complete(SamplingOptions options, string prompt = "Hello") =>
        string.Concat(new TextGenerator(_model, _tokenizer, template: null).Complete(prompt, options));

    private List<int> WithoutCache(string prompt, int count)
    {
        using var noGrad = no_grad();
        List<int> tokens = [.. _tokenizer.Encode(prompt)];
        var start = tokens.Count;
        while (tokens.Count < start + count)
        {
            using var scope = NewDisposeScope();
            var positions = arange(tokens.Count, ScalarType.Int64).unsqueeze(0);
            using var context = ForwardContext.ForSequences(_model.Rope, positions, segments: null, dropoutSeed: null);
            var input = tensor([.. tokens.Select(token => (long)token)], [1, tokens.Count], ScalarType.Int64);
            var scores = _model.Score(_model.Forward(input, context).narrow(1, tokens.Count - 1, 1));
            tokens.Add((int)scores.reshape(-1).argmax().item<long>());
        }

        return tokens[start..];
    }
}
