namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>A name or member that is not there: false, empty, and no value that can be worked with.</summary>
/// <param name="Name">What was looked for.</param>
internal sealed record UndefinedValue(string Name);
