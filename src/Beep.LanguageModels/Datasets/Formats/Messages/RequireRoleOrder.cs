using Beep.LanguageModels.Datasets.Findings;
using Beep.LanguageModels.Datasets.Rows;

namespace Beep.LanguageModels.Datasets.Formats.Messages;

/// <summary>
/// A system message comes first or not at all; then user and assistant take turns, with tool results between two
/// assistant messages.
/// </summary>
internal sealed class RequireRoleOrder : MessageRule
{
    public override void Check(RowView row, IReadOnlyList<MessageTurn> turns, string column, FindingLog log)
    {
        var previous = ChatRole.Unknown;
        for (var index = 0; index < turns.Count; index++)
        {
            var role = turns[index].Role;
            if (role == ChatRole.Unknown)
            {
                return;
            }

            if (Problem(previous, role) is { } problem)
            {
                log.Error(FindingCodes.RoleOrder, $"Message {index + 1} is {problem.What}.", problem.Remedy, column);
                return;
            }

            previous = role;
        }
    }

    private static (string What, string Remedy)? Problem(ChatRole previous, ChatRole role) => (previous, role) switch
    {
        (ChatRole.Unknown, ChatRole.System or ChatRole.User) => null,
        (ChatRole.System, ChatRole.User) => null,
        (ChatRole.User, ChatRole.Assistant) => null,
        (ChatRole.Assistant, ChatRole.User or ChatRole.Tool) => null,
        (ChatRole.Tool, ChatRole.Assistant or ChatRole.Tool) => null,
        (ChatRole.Unknown, _) => (
            $"from the {Name(role)}, with no user message before it",
            "Begin with the user's message, or a system message and then the user's."),
        (ChatRole.System, ChatRole.Assistant or ChatRole.Tool) => (
            $"from the {Name(role)}, with no user message before it",
            "Add the user's message after the system message."),
        (_, ChatRole.System) => (
            "a system message, but not the first",
            "Move the system message to the beginning, or join it with the first."),
        _ when previous == role => (
            $"from the {Name(role)}, as the one before it",
            "Join the two messages into one, or add the one that is missing between them."),
        _ => (
            $"from the {Name(role)} after one from the {Name(previous)}",
            "Let the assistant's message come between them."),
    };

    private static string Name(ChatRole role) => role switch
    {
        ChatRole.Assistant => "assistant",
        ChatRole.User => "user",
        ChatRole.Tool => "tool",
        _ => "system",
    };
}
