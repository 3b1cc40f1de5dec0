using System.Text.Json;
using Beep.Contracts;
using Beep.LanguageModels.Chat;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary><c>messages</c>: a list of objects with <c>role</c> and <c>content</c>.</summary>
internal sealed class MessagesFormat(FormatKind kind, DataSpec data) : RowFormat(kind, data)
{
    private const int Messages = 0;
    private const string MessageRemedy = "Write each message as {\"role\": \"...\", \"content\": \"...\"}";

    private readonly List<MessageTurn> _turns = [];

    protected override void Check(RowView row, FindingLog log)
    {
        if (!ReadTurns(row, log))
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
            messages[index] = new ChatMessage(row.Text(_turns[index].RoleEntry), row.Text(_turns[index].ContentEntry));
        }

        return new ConversationRow(line, messages);
    }

    private bool ReadTurns(RowView row, FindingLog log)
    {
        _turns.Clear();
        var list = Value(Messages);
        var isSound = true;
        for (var message = row.FirstChild(list); message >= 0; message = row.NextChild(list, message))
        {
            isSound &= ReadTurn(row, message, log);
        }

        return isSound;
    }

    private bool ReadTurn(RowView row, int message, FindingLog log)
    {
        var place = _turns.Count + 1;
        if (row.Type(message) != JsonTokenType.StartObject)
        {
            log.Error(
                FindingCodes.WrongType,
                $"Message {place} is {RowView.Describe(row.Type(message))}, not an object.",
                MessageRemedy + ".",
                Name(Messages));
            _turns.Add(default);
            return false;
        }

        var role = row.Find(message, "role"u8);
        var content = row.Find(message, "content"u8);
        var isSound = IsText(row, role, "role", place, log) & IsText(row, content, "content", place, log);
        _turns.Add(new MessageTurn(message, isSound ? RoleOf(row, role) : ChatRole.Unknown, role, content));
        return isSound;
    }

    private bool IsText(RowView row, int entry, string key, int place, FindingLog log)
    {
        if (entry >= 0 && row.Type(entry) == JsonTokenType.String)
        {
            return true;
        }

        if (entry < 0)
        {
            var remedy = key == "role"
                ? $"{MessageRemedy}; rows with 'from' and 'value' are of the format sharegpt."
                : "Add the text of the message, or remove it.";
            log.Error(FindingCodes.MissingColumn, $"Message {place} lacks '{key}'.", remedy, Name(Messages));
        }
        else
        {
            log.Error(
                FindingCodes.WrongType,
                $"'{key}' of message {place} is {RowView.Describe(row.Type(entry))}; text is expected.",
                $"Write '{key}' as one text.",
                Name(Messages));
        }

        return false;
    }

    private static ChatRole RoleOf(RowView row, int role) =>
        row.Is(role, "user"u8) ? ChatRole.User
        : row.Is(role, "assistant"u8) ? ChatRole.Assistant
        : row.Is(role, "system"u8) ? ChatRole.System
        : row.Is(role, "tool"u8) ? ChatRole.Tool
        : ChatRole.Unknown;
}
