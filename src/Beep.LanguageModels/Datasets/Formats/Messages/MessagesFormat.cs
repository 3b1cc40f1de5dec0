using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary><c>messages</c>: a list of objects with <c>role</c> and <c>content</c>.</summary>
internal sealed class MessagesFormat(FormatKind kind, DataSpec data) : RowFormat(kind, data)
{
    private const int Messages = 0;

    private readonly List<MessageTurn> _turns = [];

    protected override void Check(RowView row, FindingLog log)
    {
        _turns.Clear();
        if (!MessageReader.RoleAndContent.ReadList(row, Value(Messages), Name(Messages), _turns, log))
        {
            return;
        }

        foreach (var rule in MessageRule.All)
        {
            rule.Check(row, _turns, Name(Messages), log);
        }
    }

    protected override DatasetRow Read(RowView row, long line)
    {
        var messages = new ChatMessage[_turns.Count];
        for (var index = 0; index < messages.Length; index++)
        {
            messages[index] = new ChatMessage(_turns[index].RoleName, row.Text(_turns[index].ContentEntry));
        }

        return new ConversationRow(line, messages);
    }
}
