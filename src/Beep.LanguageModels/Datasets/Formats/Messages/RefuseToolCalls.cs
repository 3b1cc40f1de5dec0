using System.Text.Json;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>What would change the meaning of a message but is not read is refused rather than left out in silence.</summary>
internal sealed class RefuseToolCalls : MessageRule
{
    public override void Check(RowView row, IReadOnlyList<MessageTurn> turns, string column, FindingLog log)
    {
        Refuse(row, 0, "tools"u8, log);
        foreach (var turn in turns)
        {
            if (turn.Entry < 0)
            {
                continue;
            }

            Refuse(row, turn.Entry, "tool_calls"u8, log);
            Refuse(row, turn.Entry, "function_call"u8, log);
        }
    }

    /// <summary>Refuses a key that holds something.</summary>
    public static void Refuse(RowView row, int container, ReadOnlySpan<byte> key, FindingLog log)
    {
        var value = row.Find(container, key);
        if (value < 0 || row.Type(value) == JsonTokenType.Null || (row.Type(value) == JsonTokenType.StartArray && row.FirstChild(value) < 0))
        {
            return;
        }

        var name = row.Text(value - 1);
        log.Error(
            FindingCodes.UnsupportedField,
            $"'{name}' is not read by this version: the model would not see it.",
            $"Remove '{name}', or write the call into 'content' as the model should say it.",
            name);
    }
}
