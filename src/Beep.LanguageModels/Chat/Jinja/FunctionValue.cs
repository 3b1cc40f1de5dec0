namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>A function, macro or method.</summary>
/// <param name="Name">For faults.</param>
/// <param name="Invoke">Takes the arguments in order and by name.</param>
internal sealed record FunctionValue(string Name, Func<IReadOnlyList<object?>, IReadOnlyDictionary<string, object?>, object?> Invoke);
