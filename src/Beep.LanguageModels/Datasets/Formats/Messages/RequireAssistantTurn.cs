using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>A conversation has an answer, and ends with one: a last question without an answer teaches nothing.</summary>
internal sealed class RequireAssistantTurn : MessageRule
{
    public override void Check(RowView row, IReadOnlyList<MessageTurn> turns, string column, FindingLog log)
    {
        if (turns.All(turn => turn.Role is not (ChatRole.Assistant or ChatRole.Unknown)))
        {
            log.Error(
                FindingCodes.MissingAssistantTurn,
                "The conversation has no assistant message: there is no answer to learn.",
                "Add the assistant's answer, or remove the row.",
                column);
        }
        else if (turns[^1].Role is not (ChatRole.Assistant or ChatRole.Unknown))
        {
            log.Error(
                FindingCodes.MissingAssistantTurn,
                $"The last message ('{turns[^1].RoleName}') has no answer.",
                "Add the assistant's answer, or remove that message.",
                column);
        }
    }
}
