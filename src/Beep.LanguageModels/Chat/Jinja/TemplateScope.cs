namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>Names and their values; what a loop or macro sets does not outlive it.</summary>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => _values[name] = value;

    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return new UndefinedValue(name);
    }

    private TemplateScope? Outer { get; } = outer;
}
