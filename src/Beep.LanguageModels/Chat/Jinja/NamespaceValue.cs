namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>What <c>namespace()</c> makes: the only value that a template can change.</summary>
internal sealed record NamespaceValue(Dictionary<string, object?> Members);
