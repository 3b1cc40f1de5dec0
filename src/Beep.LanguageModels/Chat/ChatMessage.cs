namespace Beep.LanguageModels.Chat;

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c>, or what else a template knows.</param>
/// <param name="Content">Its text.</param>
internal sealed record ChatMessage(string Role, string Content);
