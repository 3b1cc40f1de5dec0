using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Tokenization;
using Beep.Tests;

namespace Beep.LanguageModels.Tests.Chat;

public sealed class ConversationEncoderTests
{
    private static readonly Tokenizer Llama = Tokenizer.Load(RepositoryFiles.Fixture("llama-tied"));
    private static readonly ChatTemplate ChatMl = ChatTemplate.Load(RepositoryFiles.Fixture("llama-tied"))!;

    private static readonly ChatMessage[] TwoTurns =
    [
        new("system", "Be brief."), new("user", "Hi"), new("assistant", "Hello there!"), new("user", "And you?"), new("assistant", "Fine — 😀"),
    ];

    [Fact]
    public void Encode_SeveralTurns_LearnsEachAnswerAndItsEnd()
    {
        var encoded = new ConversationEncoder(Llama, ChatMl).Encode(TwoTurns);

        Assert.Equal(["Hello there!<|im_end|>", "Fine — 😀<|im_end|>"], LearntTexts(Llama, encoded));
        Assert.Equal(Llama.Encode(ChatMl.Render(TwoTurns, false)), encoded.Ids);
    }

    [Fact]
    public void Encode_EveryTurn_EndsInALearntSpecialToken()
    {
        var encoded = new ConversationEncoder(Llama, ChatMl).Encode(TwoTurns);

        var ends = encoded.Labels.Index().Where(pair => pair.Item != ConversationEncoder.Ignored
            && (pair.Index + 1 == encoded.Labels.Length || encoded.Labels[pair.Index + 1] == ConversationEncoder.Ignored));
        Assert.Equal([Llama.IdOf("<|im_end|>")!.Value, Llama.IdOf("<|im_end|>")!.Value], ends.Select(static pair => pair.Item));
    }

    [Fact]
    public void Encode_NotOnlyCompletions_LearnsEverything()
    {
        var encoded = new ConversationEncoder(Llama, ChatMl).Encode(TwoTurns, completionOnly: false);

        Assert.Equal(encoded.Ids, encoded.Labels);
    }

    [Fact]
    public void Encode_AnswerThatMergesWithThePrompt_LeavesTheSharedTokenOut()
    {
        var spaces = new ChatTemplate("{% for m in messages %}{{ m.role + ':  ' + m.content + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:  ' }}{% endif %}", "test", new Dictionary<string, string>());

        var encoded = new ConversationEncoder(Llama, spaces).Encode([new("user", "a"), new("assistant", "  return")]);

        Assert.Equal(Llama.Encode(spaces.Render([new("user", "a"), new("assistant", "  return")], false)), encoded.Ids);
        Assert.Equal(" return<|im_end|>", Assert.Single(LearntTexts(Llama, encoded)));
    }

    [Fact]
    public void Encode_NormalizedText_StillFindsTheTurn()
    {
        var qwen = Tokenizer.Load(RepositoryFiles.Fixture("qwen2"));

        var encoded = new ConversationEncoder(qwen, ChatMl).Encode([new("user", "cafe\u0301 cafe\u0301"), new("assistant", "re\u0301sume\u0301")]);

        Assert.Equal("résumé<|im_end|>", Assert.Single(LearntTexts(qwen, encoded)));
    }

    [Fact]
    public void Encode_AnswerQuotesTheEndToken_LearnsUpToTheRealEnd()
    {
        var encoded = new ConversationEncoder(Llama, ChatMl).Encode([new("user", "a"), new("assistant", "x<|im_end|>y")]);

        Assert.Equal("x<|im_end|>y<|im_end|>", Assert.Single(LearntTexts(Llama, encoded)));
    }

    [Fact]
    public void Encode_EmptyAnswer_LearnsTheEndAlone()
    {
        var encoded = new ConversationEncoder(Llama, ChatMl).Encode([new("user", "a"), new("assistant", "")]);

        Assert.Equal("<|im_end|>", Assert.Single(LearntTexts(Llama, encoded)));
    }

    [Fact]
    public void Encode_TemplateThatRewritesThePast_IsRefused()
    {
        var rewriting = new ChatTemplate("{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}", "test", new Dictionary<string, string>());

        var fault = Assert.Throws<FaultException>(() => new ConversationEncoder(Llama, rewriting).Encode([new("user", "a"), new("assistant", "b")]));

        Assert.Equal(
            "messages[1]: The chat template changes earlier text when message 2 (\"assistant\") is added, so its tokens cannot be told apart. "
            + "Set data.completion_only_loss to false, or hand in a template that only appends with data.chat_template. [template_not_prefix_stable]",
            fault.Message);
    }

    /// <summary>The text of each run of learnt tokens.</summary>
    private static List<string> LearntTexts(Tokenizer tokenizer, EncodedConversation encoded)
    {
        var texts = new List<string>();
        var run = new List<int>();
        foreach (var (index, label) in encoded.Labels.Append(ConversationEncoder.Ignored).Index())
        {
            if (label != ConversationEncoder.Ignored)
            {
                Assert.Equal(encoded.Ids[index], label);
                run.Add(label);
            }
            else if (run.Count > 0)
            {
                texts.Add(tokenizer.Decode([.. run]));
                run.Clear();
            }
        }

        return texts;
    }
}
