using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>A role is one that chat templates know.</summary>
internal sealed class RequireKnownRoles : MessageRule
{
    public override void Check(RowView row, IReadOnlyList<MessageTurn> turns, string column, FindingLog log)
    {
        for (var index = 0; index < turns.Count; index++)
        {
            if (turns[index].Role != ChatRole.Unknown)
            {
                continue;
            }

            var role = row.Text(turns[index].RoleEntry);
            var meant = role.ToLowerInvariant() switch
            {
                "human" or "user" => "'user'",
                "gpt" or "bot" or "model" or "ai" or "assistant" => "'assistant'",
                "developer" or "system" => "'system'",
                "function" or "tool" or "observation" => "'tool'",
                _ => "'system', 'user', 'assistant' or 'tool'",
            };
            log.Error(FindingCodes.RoleUnknown, $"Message {index + 1} has the role '{JsonText.Preview(role)}'.", $"Write {meant}.", column);
        }
    }
}
