using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>An assistant's message says something. Texts of columns are checked by their formats.</summary>
internal sealed class RequireAssistantText : MessageRule
{
    public override void Check(RowView row, IReadOnlyList<MessageTurn> turns, string column, FindingLog log)
    {
        for (var index = 0; index < turns.Count; index++)
        {
            if (turns[index] is { Role: ChatRole.Assistant, Entry: >= 0 } && row.IsBlank(turns[index].ContentEntry))
            {
                log.Error(
                    FindingCodes.EmptyAssistantTurn,
                    $"Message {index + 1}, from the assistant, is empty.",
                    "Write the answer, or remove the message and its question.",
                    column);
            }
        }
    }
}
