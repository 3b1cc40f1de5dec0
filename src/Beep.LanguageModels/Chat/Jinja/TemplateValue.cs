using System.Collections;
using System.Globalization;
using System.Text;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>
/// Values of a template, as Python has them: null, bool, long, double, string, list (<see cref="IReadOnlyList{T}"/>), mapping
/// (<see cref="IReadOnlyDictionary{TKey, TValue}"/> by text), namespace, function, undefined.
/// </summary>
internal static class TemplateValue
{
    public static bool IsTrue(object? value) => value switch
    {
        null or UndefinedValue => false,
        bool flag => flag,
        long integer => integer != 0,
        double number => number != 0,
        string text => text.Length > 0,
        IReadOnlyDictionary<string, object?> mapping => mapping.Count > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        _ => true,
    };

    public static new bool Equals(object? left, object? right) => (left, right) switch
    {
        (null, null) or (UndefinedValue, UndefinedValue) => true,
        (bool or long or double, bool or long or double) => Number(left) == Number(right),
        (string a, string b) => a == b,
        (IReadOnlyDictionary<string, object?> a, IReadOnlyDictionary<string, object?> b) =>
            a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var other) && Equals(pair.Value, other)),
        (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(static pair => Equals(pair.First, pair.Second)),
        _ => ReferenceEquals(left, right),
    };

    /// <summary>Below, equal or above zero, as Python orders numbers and texts; null when the two have no order.</summary>
    public static int? Compare(object? left, object? right) => (left, right) switch
    {
        (bool or long or double, bool or long or double) => Number(left).CompareTo(Number(right)),
        (string a, string b) => string.CompareOrdinal(a, b),
        _ => null,
    };

    /// <summary>The value of a number or flag.</summary>
    public static double Number(object? value) => value switch { bool flag => flag ? 1 : 0, long integer => integer, double number => number, _ => double.NaN };

    /// <summary>What <c>{{ value }}</c> prints, Python's <c>str</c>.</summary>
    public static string Text(object? value) => value switch
    {
        string text => text,
        UndefinedValue => "",
        _ => Describe(value),
    };

    /// <summary>The elements a loop goes over; null when the value has none.</summary>
    public static IEnumerable<object?>? Elements(object? value) => value switch
    {
        UndefinedValue => [],
        string text => CodePoints(text),
        IReadOnlyDictionary<string, object?> mapping => mapping.Keys,
        IReadOnlyList<object?> list => list,
        _ => null,
    };

    /// <summary>The characters of a text as Python counts them.</summary>
    public static IReadOnlyList<object?> CodePoints(string text)
    {
        var result = new List<object?>(text.Length);
        for (var index = 0; index < text.Length; index += Tokenization.CodePoint.Length(text, index))
        {
            result.Add(text.Substring(index, Tokenization.CodePoint.Length(text, index)));
        }

        return result;
    }

    /// <summary>How Python names the type of a value.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "none",
        UndefinedValue undefined => $"undefined \"{undefined.Name}\"",
        bool => "boolean",
        long => "integer",
        double => "float",
        string => "text",
        IReadOnlyDictionary<string, object?> => "mapping",
        IEnumerable => "list",
        NamespaceValue => "namespace",
        FunctionValue => "function",
        _ => "value",
    };

    /// <summary>Python's <c>repr</c>.</summary>
    private static string Describe(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        double number => DescribeFloat(number),
        string text => Quote(text),
        IReadOnlyDictionary<string, object?> mapping =>
            "{" + string.Join(", ", mapping.Select(static pair => $"{Quote(pair.Key)}: {Describe(pair.Value)}")) + "}",
        IReadOnlyList<object?> list => "[" + string.Join(", ", list.Select(Describe)) + "]",
        UndefinedValue => "Undefined",
        _ => $"<{TypeName(value)}>",
    };

    private static string DescribeFloat(double number) =>
        number == Math.Floor(number) && Math.Abs(number) < 1e16
            ? number.ToString("F1", CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();

    private static string Quote(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var result = new StringBuilder().Append(quote);
        foreach (var character in text)
        {
            result.Append(character switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when character == quote => "\\" + quote,
                _ => character.ToString(),
            });
        }

        return result.Append(quote).ToString();
    }
}
