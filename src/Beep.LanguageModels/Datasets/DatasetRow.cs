using Beep.LanguageModels.Chat;

namespace Beep.LanguageModels.Datasets;

/// <summary>A sound row.</summary>
/// <param name="Line">The line of the file on which it begins, from 1.</param>
internal abstract record DatasetRow(long Line);

/// <summary>A row of <c>messages</c>.</summary>
internal sealed record ConversationRow(long Line, IReadOnlyList<ChatMessage> Messages) : DatasetRow(Line);

/// <summary>A row of <c>prompt_completion</c>.</summary>
internal sealed record CompletionRow(long Line, string Prompt, string Completion) : DatasetRow(Line);

/// <summary>A row of <c>alpaca</c>.</summary>
/// <param name="Line">The line of the file on which it begins, from 1.</param>
/// <param name="Instruction">What is asked.</param>
/// <param name="Input">What it is asked about; may be empty.</param>
/// <param name="Output">The answer.</param>
/// <param name="System">How the model should behave; null for nothing.</param>
/// <param name="History">Earlier questions with their answers.</param>
internal sealed record InstructionRow(
    long Line,
    string Instruction,
    string Input,
    string Output,
    string? System,
    IReadOnlyList<(string Question, string Answer)> History) : DatasetRow(Line);

/// <summary>A row of <c>preference</c>.</summary>
/// <param name="Line">The line of the file on which it begins, from 1.</param>
/// <param name="Prompt">The messages before the answers.</param>
/// <param name="Chosen">The answer that is preferred.</param>
/// <param name="Rejected">The other one.</param>
/// <param name="IsText">Whether prompt and answers were plain text, which needs no chat template.</param>
internal sealed record PreferenceRow(long Line, IReadOnlyList<ChatMessage> Prompt, string Chosen, string Rejected, bool IsText) : DatasetRow(Line)
{
    /// <summary>The prompt with the preferred answer.</summary>
    public IReadOnlyList<ChatMessage> ChosenMessages => [.. Prompt, new ChatMessage("assistant", Chosen)];

    /// <summary>The prompt with the rejected answer.</summary>
    public IReadOnlyList<ChatMessage> RejectedMessages => [.. Prompt, new ChatMessage("assistant", Rejected)];
}

/// <summary>A row of <c>text</c>.</summary>
internal sealed record TextRow(long Line, string Text) : DatasetRow(Line);

/// <summary>A row of <c>tokens</c>; <paramref name="Labels"/> absent means every token.</summary>
internal sealed record TokenRow(long Line, int[] InputIds, int[]? Labels) : DatasetRow(Line);
