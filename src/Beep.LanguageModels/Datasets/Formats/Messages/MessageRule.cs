using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>One demand on the messages of a row, each of which has a role and a text.</summary>
internal abstract class MessageRule
{
    /// <summary>The rules, in the order in which they report. A row with an unknown role is not held to the later ones.</summary>
    public static readonly IReadOnlyList<MessageRule> All =
    [
        new RefuseToolCalls(),
        new RequireKnownRoles(),
        new RequireRoleOrder(),
        new RequireAssistantTurn(),
        new RequireAssistantText(),
    ];

    public abstract void Check(RowView row, IReadOnlyList<MessageTurn> turns, string column, FindingLog log);
}
