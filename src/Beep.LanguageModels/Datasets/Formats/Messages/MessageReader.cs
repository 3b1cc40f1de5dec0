using System.Text.Json;
using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>Finds the messages of a row in their objects.</summary>
internal sealed class MessageReader
{
    /// <summary>Messages of <c>role</c> and <c>content</c>.</summary>
    public static readonly MessageReader RoleAndContent = new(takesOtherKeys: false);

    /// <summary>Messages of <c>from</c> and <c>value</c> as ShareGPT has them; those of <c>role</c> and <c>content</c> as well.</summary>
    public static readonly MessageReader FromAndValue = new(takesOtherKeys: true);

    private readonly bool _takesOtherKeys;

    private MessageReader(bool takesOtherKeys) => _takesOtherKeys = takesOtherKeys;

    /// <summary>Adds the messages of a list; false where one is none, which is reported. They are numbered from behind <paramref name="before"/>.</summary>
    public bool ReadList(RowView row, int list, string column, List<MessageTurn> turns, FindingLog log, int before = 0)
    {
        var isSound = true;
        for (var message = row.FirstChild(list); message >= 0; message = row.NextChild(list, message))
        {
            isSound &= Read(row, message, column, turns, log, before);
        }

        return isSound;
    }

    /// <summary>Adds one message; false where it is none, which is reported.</summary>
    public bool Read(RowView row, int message, string column, List<MessageTurn> turns, FindingLog log, int before = 0)
    {
        var place = before + turns.Count + 1;
        if (row.Type(message) != JsonTokenType.StartObject)
        {
            log.Error(
                FindingCodes.WrongType,
                $"Message {place} is {RowView.Describe(row.Type(message))}, not an object.",
                Remedy(_takesOtherKeys) + ".",
                column);
            turns.Add(default);
            return false;
        }

        var hasOtherKeys = _takesOtherKeys && row.Find(message, "role"u8) < 0;
        var role = row.Find(message, hasOtherKeys ? "from"u8 : "role"u8);
        var content = row.Find(message, hasOtherKeys ? "value"u8 : "content"u8);
        var isSound = IsText(row, role, isRole: true, hasOtherKeys, place, column, log) & IsText(row, content, isRole: false, hasOtherKeys, place, column, log);
        turns.Add(new MessageTurn(message, isSound ? RoleOf(row, role, hasOtherKeys) : ChatRole.Unknown, role, content));
        return isSound;
    }

    private static bool IsText(RowView row, int entry, bool isRole, bool hasOtherKeys, int place, string column, FindingLog log)
    {
        if (entry >= 0 && row.Type(entry) == JsonTokenType.String)
        {
            return true;
        }

        var key = (isRole, hasOtherKeys) switch
        {
            (true, false) => "role",
            (true, true) => "from",
            (false, false) => "content",
            _ => "value",
        };
        if (entry < 0)
        {
            var remedy = (isRole, hasOtherKeys) switch
            {
                (true, false) => $"{Remedy(hasOtherKeys)}; rows with 'from' and 'value' are of the format sharegpt.",
                (true, true) => Remedy(hasOtherKeys) + ".",
                _ => "Add the text of the message, or remove it.",
            };
            log.Error(FindingCodes.MissingColumn, $"Message {place} lacks '{key}'.", remedy, column);
        }
        else
        {
            log.Error(
                FindingCodes.WrongType,
                $"'{key}' of message {place} is {RowView.Describe(row.Type(entry))}; text is expected.",
                $"Write '{key}' as one text.",
                column);
        }

        return false;
    }

    private static string Remedy(bool hasOtherKeys) =>
        hasOtherKeys ? "Write each message as {\"from\": \"...\", \"value\": \"...\"}" : "Write each message as {\"role\": \"...\", \"content\": \"...\"}";

    private static ChatRole RoleOf(RowView row, int role, bool hasOtherKeys) =>
        row.Is(role, "user"u8) ? ChatRole.User
        : row.Is(role, "assistant"u8) ? ChatRole.Assistant
        : row.Is(role, "system"u8) ? ChatRole.System
        : row.Is(role, "tool"u8) ? ChatRole.Tool
        : !hasOtherKeys ? ChatRole.Unknown
        : row.Is(role, "human"u8) ? ChatRole.User
        : row.Is(role, "gpt"u8) ? ChatRole.Assistant
        : row.Is(role, "observation"u8) ? ChatRole.Tool
        : ChatRole.Unknown;
}
