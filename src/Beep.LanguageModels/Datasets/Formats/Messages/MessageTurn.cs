using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>Who speaks in a message.</summary>
internal enum ChatRole
{
    /// <summary>A role that no template knows.</summary>
    Unknown = 0,

    /// <summary>How the model should behave.</summary>
    System = 1,

    /// <summary>Who asks.</summary>
    User = 2,

    /// <summary>Who answers, and what is learnt.</summary>
    Assistant = 3,

    /// <summary>The result of a tool.</summary>
    Tool = 4,
}

/// <summary>One message of a row.</summary>
/// <param name="Entry">The entry of its object; -1 where a column is the message's text and says by its name who speaks.</param>
/// <param name="Role">Who speaks.</param>
/// <param name="RoleEntry">The entry of its role.</param>
/// <param name="ContentEntry">The entry of its text.</param>
internal readonly record struct MessageTurn(int Entry, ChatRole Role, int RoleEntry, int ContentEntry)
{
    /// <summary>The role as chat templates call it.</summary>
    public string RoleName => Role switch
    {
        ChatRole.Assistant => "assistant",
        ChatRole.User => "user",
        ChatRole.Tool => "tool",
        _ => "system",
    };

    /// <summary>A column that is the text of a message.</summary>
    public static MessageTurn OfText(ChatRole role, int entry) => new(-1, role, -1, entry);

    /// <summary>Whether two messages of a row say the same.</summary>
    public bool Says(MessageTurn other, RowView row) =>
        Role == other.Role && (ContentEntry == other.ContentEntry || row.IsSame(ContentEntry, other.ContentEntry));
}
