namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The methods of Python's texts and mappings that templates call.</summary>
internal static class TextMethods
{
    /// <summary>The result of a method; null when there is none of that name.</summary>
    public static Func<ArgumentReader, object?>? Find(object? target, string name) => target switch
    {
        string text => OfText(text, name),
        IReadOnlyDictionary<string, object?> mapping => OfMapping(mapping, name),
        _ => null,
    };

    public static string Trim(string text, string? characters, bool start = true, bool end = true)
    {
        var first = 0;
        var last = text.Length;
        while (start && first < last && IsTrimmed(text[first]))
        {
            first++;
        }

        while (end && last > first && IsTrimmed(text[last - 1]))
        {
            last--;
        }

        return text[first..last];

        bool IsTrimmed(char character) => characters is null
            ? char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f'
            : characters.Contains(character, StringComparison.Ordinal);
    }

    /// <summary>The first letter of every word capital, the rest small.</summary>
    public static string Title(string text) => string.Create(text.Length, text, static (result, source) =>
    {
        for (var index = 0; index < source.Length; index++)
        {
            var inWord = index > 0 && char.IsLetter(source[index - 1]);
            result[index] = inWord ? char.ToLowerInvariant(source[index]) : char.ToUpperInvariant(source[index]);
        }
    });

    public static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + Lower(text[1..]);

    /// <summary>Python's <c>lower</c>, for all but a handful of letters.</summary>
#pragma warning disable CA1308 // Small letters are what is asked for.
    public static string Lower(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308

    private static Func<ArgumentReader, object?>? OfText(string text, string name) => name switch
    {
        "strip" => call => Trim(text, call.OptionalText(0, "chars")),
        "lstrip" => call => Trim(text, call.OptionalText(0, "chars"), end: false),
        "rstrip" => call => Trim(text, call.OptionalText(0, "chars"), start: false),
        "startswith" => call => Affixes(call).Any(affix => text.StartsWith(affix, StringComparison.Ordinal)),
        "endswith" => call => Affixes(call).Any(affix => text.EndsWith(affix, StringComparison.Ordinal)),
        "upper" => _ => text.ToUpperInvariant(),
        "lower" => _ => Lower(text),
        "title" => _ => Title(text),
        "capitalize" => _ => Capitalize(text),
        "replace" => call => Replace(text, call),
        "split" => call => Split(text, call, fromRight: false),
        "rsplit" => call => Split(text, call, fromRight: true),
        "splitlines" => _ => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').ToList<object?>(),
        "find" => call => (long)text.IndexOf(call.Text(0, "sub"), StringComparison.Ordinal),
        "count" => call => (long)(text.Length - text.Replace(call.Text(0, "sub"), "", StringComparison.Ordinal).Length) / call.Text(0, "sub").Length,
        _ => null,
    };

    private static Func<ArgumentReader, object?>? OfMapping(IReadOnlyDictionary<string, object?> mapping, string name) => name switch
    {
        "items" => _ => mapping.Select(static pair => (object?)new List<object?> { pair.Key, pair.Value }).ToList(),
        "keys" => _ => mapping.Keys.ToList<object?>(),
        "values" => _ => mapping.Values.ToList(),
        "get" => call => mapping.TryGetValue(call.Text(0, "key"), out var value) ? value : call.Get(1, "default"),
        _ => null,
    };

    private static IEnumerable<string> Affixes(ArgumentReader call) =>
        call.Get(0, "prefix") is IReadOnlyList<object?> several ? several.OfType<string>() : [call.Text(0, "prefix")];

    public static string Replace(string text, ArgumentReader call)
    {
        var (old, fresh) = (call.Text(0, "old"), call.Text(1, "new"));
        if (old.Length == 0)
        {
            throw call.Wrong("the text to replace is empty");
        }

        return (long)text.Length * Math.Max(1, fresh.Length) > TemplateBudget.LargestValue
            ? throw call.Wrong("the result would be too long")
            : text.Replace(old, fresh, StringComparison.Ordinal);
    }

    private static List<object?> Split(string text, ArgumentReader call, bool fromRight)
    {
        var most = call.Integer(1, "maxsplit", -1);
        if (call.OptionalText(0, "sep") is not { } separator)
        {
            return most < 0
                ? [.. text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)]
                : throw call.Wrong("\"maxsplit\" without a separator is not supported");
        }

        if (separator.Length == 0)
        {
            throw call.Wrong("the separator is empty");
        }

        var parts = text.Split(separator);
        if (most < 0 || parts.Length <= most + 1)
        {
            return [.. parts];
        }

        var kept = (int)most;
        return fromRight
            ? [string.Join(separator, parts[..^kept]), .. parts[^kept..]]
            : [.. parts[..kept], string.Join(separator, parts[kept..])];
    }
}
