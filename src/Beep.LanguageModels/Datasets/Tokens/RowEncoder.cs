using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Tokenization;

namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>Turns rows into token ids and labels.</summary>
/// <remarks>
/// With a chat template, questions and answers become messages. Without one, the question and the answer are tokenised
/// apart and joined, with the end token after them: a model that is asked later sees the question tokenised alone, so no
/// token may span the boundary, and the first label is the answer's first token.
/// </remarks>
internal sealed class RowEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly ConversationEncoder? _conversations;
    private readonly bool _completionOnly;

    /// <summary>Prepares to encode rows for a run.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The chat template; null when the model has none.</param>
    /// <param name="data">Says whether the loss is taken on answers only.</param>
    /// <param name="task">Pretraining learns every token.</param>
    public RowEncoder(Tokenizer tokenizer, ChatTemplate? template, DataSpec data, TrainingTask task)
    {
        _tokenizer = tokenizer;
        _conversations = template is null ? null : new ConversationEncoder(tokenizer, template);
        _completionOnly = data.CompletionOnlyLoss && task != TrainingTask.Pretrain;
    }

    /// <summary>Encodes one row.</summary>
    /// <exception cref="FaultException">The template refuses the row, or there is none for its messages.</exception>
    public EncodedRow Encode(DatasetRow row) => row switch
    {
        TokenRow tokens => new EncodedRow(tokens.InputIds, tokens.Labels ?? tokens.InputIds, tokens.Line),
        TextRow text => EncodeText(text),
        ConversationRow conversation => EncodeMessages(conversation.Messages, conversation.Line, _completionOnly),
        CompletionRow completion => _conversations is null
            ? EncodePair(completion.Prompt, completion.Completion, completion.Line, _completionOnly)
            : EncodeMessages(MessagesOf(completion)!, completion.Line, _completionOnly),
        InstructionRow instruction => _conversations is null ? EncodePlain(instruction) : EncodeMessages(MessagesOf(instruction)!, instruction.Line, _completionOnly),
        PreferenceRow preference => EncodeAnswer(preference, preference.Chosen) with { Rejected = EncodeAnswer(preference, preference.Rejected) },
        _ => throw new ArgumentOutOfRangeException(nameof(row), row.GetType().Name, "Not a kind of row."),
    };

    /// <summary>Encodes one row; where the template refuses it, reports why and gives null.</summary>
    public EncodedRow? TryEncode(DatasetRow row, FindingLog log)
    {
        try
        {
            return Encode(row);
        }
        catch (FaultException error)
        {
            var fault = error.Faults[0];
            log.Error(fault.Code, fault.Message, fault.Remedy);
            return null;
        }
    }

    /// <summary>What a row is as a conversation, a pair with its preferred answer; null where it is none.</summary>
    public static IReadOnlyList<ChatMessage>? MessagesOf(DatasetRow row) => row switch
    {
        ConversationRow conversation => conversation.Messages,
        CompletionRow completion => [new ChatMessage("user", completion.Prompt), new ChatMessage("assistant", completion.Completion)],
        InstructionRow instruction => Messages(instruction),
        PreferenceRow preference => preference.ChosenMessages,
        _ => null,
    };

    /// <summary>The question of an <c>alpaca</c> row: the instruction, a blank line and the input, where there is one.</summary>
    public static string Question(InstructionRow row) => string.IsNullOrWhiteSpace(row.Input) ? row.Instruction : $"{row.Instruction}\n\n{row.Input}";

    /// <summary>
    /// The prompt of an <c>alpaca</c> row for a model without a chat template: everything before the answer, each part
    /// followed by a blank line.
    /// </summary>
    public static string PlainPrompt(InstructionRow row)
    {
        IEnumerable<string> parts = row.System is null ? [] : [row.System];
        parts = parts.Concat(row.History.SelectMany(turn => (string[])[turn.Question, turn.Answer])).Append(Question(row));
        return string.Concat(parts.Select(part => part + "\n\n"));
    }

    private EncodedRow EncodeMessages(IReadOnlyList<ChatMessage> messages, long line, bool completionOnly, bool lastOnly = false)
    {
        if (_conversations is null)
        {
            throw FaultException.Invalid(
                "missing_chat_template",
                "The rows are conversations, but the model has no chat template that says how to write one.",
                "Set data.chat_template, or use a model with a chat template.",
                "data.chat_template");
        }

        var (ids, labels) = _conversations.Encode(messages, completionOnly, lastOnly);
        return new EncodedRow(ids, labels, line);
    }

    /// <summary>What is preferred is an answer: nothing before it is learnt, the answers to earlier questions included, which both sides share.</summary>
    private EncodedRow EncodeAnswer(PreferenceRow row, string answer) => row.IsText && _conversations is null
        ? EncodePair(string.Join("\n\n", row.Prompt.Select(message => message.Content)), answer, row.Line, completionOnly: true)
        : EncodeMessages([.. row.Prompt, new ChatMessage("assistant", answer)], row.Line, completionOnly: true, lastOnly: true);

    private EncodedRow EncodePlain(InstructionRow row) => EncodePair(PlainPrompt(row), row.Output, row.Line, _completionOnly);

    private EncodedRow EncodePair(string prompt, string completion, long line, bool completionOnly)
    {
        var start = WithoutEnd(_tokenizer.Encode(prompt, addSpecialTokens: true));
        int[] ids = [.. start, .. WithEnd(_tokenizer.Encode(completion))];
        var labels = (int[])ids.Clone();
        if (completionOnly)
        {
            labels.AsSpan(0, start.Length).Fill(EncodedRow.Masked);
        }

        return new EncodedRow(ids, labels, line);
    }

    private EncodedRow EncodeText(TextRow row)
    {
        var ids = WithEnd(_tokenizer.Encode(row.Text, addSpecialTokens: true));
        return new EncodedRow(ids, ids, row.Line);
    }

    private int[] WithEnd(int[] ids) =>
        _tokenizer.EndOfSequenceId is { } end && (ids.Length == 0 || ids[^1] != end) ? [.. ids, end] : ids;

    /// <summary>Some tokenizers end every text; a question goes on.</summary>
    private int[] WithoutEnd(int[] ids) => ids.Length > 0 && ids[^1] == _tokenizer.EndOfSequenceId ? ids[..^1] : ids;

    private static List<ChatMessage> Messages(InstructionRow row)
    {
        var messages = new List<ChatMessage>();
        if (row.System is { } system)
        {
            messages.Add(new ChatMessage("system", system));
        }

        foreach (var (question, answer) in row.History)
        {
            messages.Add(new ChatMessage("user", question));
            messages.Add(new ChatMessage("assistant", answer));
        }

        messages.Add(new ChatMessage("user", Question(row)));
        messages.Add(new ChatMessage("assistant", row.Output));
        return messages;
    }
}
