using Beep.Contracts;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Chat;

/// <summary>
/// Tokens and labels of conversations. The whole text is tokenized once, since pieces tokenize differently; which tokens an assistant
/// turn has is told by offsets: it starts where the prompt before it ends, and ends with its end-of-turn token.
/// </summary>
internal sealed class ConversationEncoder(Tokenizer tokenizer, ChatTemplate template)
{
    /// <summary>The label of a token that no loss is taken on, as in Transformers.</summary>
    public const int Ignored = -100;

    /// <param name="messages">The conversation, at least one message.</param>
    /// <param name="completionOnly">Learn only what the assistant says, with the token that ends its turn; else everything.</param>
    /// <param name="lastOnly">Of what the assistant says, learn only the last message.</param>
    public EncodedConversation Encode(IReadOnlyList<ChatMessage> messages, bool completionOnly = true, bool lastOnly = false)
    {
        var text = template.Render(messages, addGenerationPrompt: false);
        var tokens = tokenizer.EncodeWithOffsets(text);
        if (!completionOnly)
        {
            return new EncodedConversation(tokens.Ids, [.. tokens.Ids]);
        }

        var labels = new int[tokens.Ids.Length];
        Array.Fill(labels, Ignored);
        for (var turn = lastOnly ? messages.Count - 1 : 0; turn < messages.Count; turn++)
        {
            if (messages[turn].Role == "assistant")
            {
                var (start, end) = FindTurn(messages, turn, text);
                LabelTurn(tokens, start, end, labels);
            }
        }

        return new EncodedConversation(tokens.Ids, labels);
    }

    /// <summary>Where in the text the answer of a turn starts, and where what the template puts after it ends.</summary>
    private (int Start, int End) FindTurn(IReadOnlyList<ChatMessage> messages, int turn, string text)
    {
        var prompt = template.Render([.. messages.Take(turn)], addGenerationPrompt: true);
        var full = turn == messages.Count - 1 ? text : template.Render([.. messages.Take(turn + 1)], addGenerationPrompt: false);
        return full.StartsWith(prompt, StringComparison.Ordinal) && text.StartsWith(full, StringComparison.Ordinal)
            ? (prompt.Length, full.Length)
            : throw FaultException.Invalid(
                "template_not_prefix_stable",
                $"The chat template changes earlier text when message {turn + 1} (\"assistant\") is added, so its tokens cannot be told apart.",
                "Set data.completion_only_loss to false, or hand in a template that only appends with data.chat_template.",
                $"messages[{turn}]");
    }

    /// <summary>
    /// Labels the tokens of a turn up to its last special token, which ends it; what follows, a newline mostly, belongs to the template.
    /// A template that ends turns without a special token has all of it labelled.
    /// </summary>
    private void LabelTurn(TokenizedText tokens, int start, int end, int[] labels)
    {
        var first = FirstAt(tokens, start);
        var last = FirstAt(tokens, end) - 1;
        var final = last;
        while (final >= first && !tokenizer.IsSpecial(tokens.Ids[final]) && !tokenizer.EndOfSequenceIds.Contains(tokens.Ids[final]))
        {
            final--;
        }

        for (var index = first; index <= (final >= first ? final : last); index++)
        {
            labels[index] = tokens.Ids[index];
        }
    }

    /// <summary>The first token that starts at or after a place in the text.</summary>
    private static int FirstAt(TokenizedText tokens, int place)
    {
        var index = Array.BinarySearch(tokens.Starts, place);
        if (index < 0)
        {
            return ~index;
        }

        while (index > 0 && tokens.Starts[index - 1] == place)
        {
            index--;
        }

        return index;
    }
}
