namespace Beep.Recipe;

/// <summary>Just enough English grammar for one-sentence statements.</summary>
internal static class English
{
    private static readonly HashSet<string> VowelSounds = new(StringComparer.Ordinal) { "hour", "honor", "honest", "heir", "herb" };

    public static string Article(string word)
    {
        var first = word.Split(' ', '-')[0];
        var consonant = first.StartsWith("uni", StringComparison.Ordinal) || first.StartsWith("eu", StringComparison.Ordinal)
            || first.StartsWith("us", StringComparison.Ordinal) || first.StartsWith("ut", StringComparison.Ordinal) || first is "one" or "once" or "ewe" or "ukulele";
        var vowel = VowelSounds.Contains(first) || ("aeiou".Contains(char.ToLowerInvariant(word[0]), StringComparison.Ordinal) && !consonant);
        return (vowel ? "an " : "a ") + word;
    }

    public static string Plural(string noun) => noun switch
    {
        "fish" or "sheep" or "deer" or "clothing" or "furniture" or "money" => noun,
        _ when noun.EndsWith("person", StringComparison.Ordinal) => noun[..^6] + "people",
        _ when noun.EndsWith("man", StringComparison.Ordinal) && noun != "human" => noun[..^3] + "men",
        _ when noun.EndsWith("mouse", StringComparison.Ordinal) => noun[..^5] + "mice",
        _ when noun.EndsWith("foot", StringComparison.Ordinal) || noun.EndsWith("tooth", StringComparison.Ordinal) || noun.EndsWith("goose", StringComparison.Ordinal)
            => noun.Replace("oo", "ee", StringComparison.Ordinal),
        _ when noun.EndsWith("child", StringComparison.Ordinal) => noun + "ren",
        _ when noun.EndsWith("fungus", StringComparison.Ordinal) => noun[..^2] + "i",
        _ when noun.EndsWith("wolf", StringComparison.Ordinal) || noun.EndsWith("leaf", StringComparison.Ordinal) || noun.EndsWith("calf", StringComparison.Ordinal)
            || noun.EndsWith("half", StringComparison.Ordinal) || noun.EndsWith("shelf", StringComparison.Ordinal) => noun[..^1] + "ves",
        _ when noun.EndsWith("knife", StringComparison.Ordinal) || noun.EndsWith("wife", StringComparison.Ordinal) || noun.EndsWith("life", StringComparison.Ordinal)
            => noun[..^2] + "ves",
        _ when noun.EndsWith('y') && noun.Length > 1 && !"aeiou".Contains(noun[^2], StringComparison.Ordinal) => noun[..^1] + "ies",
        _ when noun.EndsWith('s') || noun.EndsWith('x') || noun.EndsWith("ch", StringComparison.Ordinal) || noun.EndsWith("sh", StringComparison.Ordinal) => noun + "es",
        _ => noun + "s",
    };

    /// <summary>Whether a noun reads as a plural.</summary>
    public static bool LooksPlural(string noun) =>
        noun.EndsWith('s') && !noun.EndsWith("ss", StringComparison.Ordinal) && !noun.EndsWith("us", StringComparison.Ordinal) && !noun.EndsWith("is", StringComparison.Ordinal);

    public static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>A statement: its first letter capital, one full stop at its end.</summary>
    public static string Sentence(string text) => Capitalize(text.TrimEnd('.', ' ', ';', ',')) + ".";

    /// <summary><c>a, b and c</c>.</summary>
    public static string List(IReadOnlyList<string> items, string last = "and") =>
        items.Count == 1 ? items[0] : string.Join(", ", items.Take(items.Count - 1)) + $" {last} " + items[^1];
}
