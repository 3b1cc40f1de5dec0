using Beep.Contracts;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The arguments of one call, and the faults of a wrong one.</summary>
internal sealed class ArgumentReader(
    TemplateSource source,
    int position,
    string callee,
    IReadOnlyList<object?> positional,
    IReadOnlyDictionary<string, object?> named)
{
    public int Count => positional.Count;

    public IReadOnlyList<object?> All => positional;

    /// <summary>An argument by place or name; the fallback where neither is given.</summary>
    public object? Get(int index, string name, object? otherwise = null) =>
        index < positional.Count ? positional[index] : named.TryGetValue(name, out var value) ? value : otherwise;

    public bool Has(int index, string name) => index < positional.Count || named.ContainsKey(name);

    public string Text(int index, string name) => Get(index, name) as string ?? throw Wrong($"its argument \"{name}\" must be a text");

    public string? OptionalText(int index, string name) => Has(index, name) && Get(index, name) is not null ? Text(index, name) : null;

    public long Integer(int index, string name, long otherwise) => Get(index, name, otherwise) as long? ?? throw Wrong($"its argument \"{name}\" must be an integer");

    public FaultException Wrong(string reason) => source.Failed(position, $"\"{callee}\" cannot be applied: {reason}.");
}
