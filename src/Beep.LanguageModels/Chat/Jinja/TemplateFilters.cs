namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The filters and tests that chat templates use.</summary>
internal static class TemplateFilters
{
    public static readonly IReadOnlyList<string> KnownFilters =
    [
        "capitalize", "count", "d", "default", "first", "float", "int", "items", "join", "last", "length", "list", "lower", "map", "reject",
        "rejectattr", "replace", "reverse", "safe", "select", "selectattr", "string", "title", "tojson", "trim", "upper",
    ];

    public static readonly IReadOnlyList<string> KnownTests =
    [
        "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "even", "false", "in", "integer", "iterable", "lower", "mapping", "ne",
        "none", "number", "odd", "sequence", "string", "true", "undefined", "upper",
    ];

    /// <summary>The result of a filter; the name must be known.</summary>
    public static object? Apply(string name, object? value, ArgumentReader call) => name switch
    {
        "trim" => TextMethods.Trim(TemplateValue.Text(value), call.OptionalText(0, "chars")),
        "upper" => TemplateValue.Text(value).ToUpperInvariant(),
        "lower" => TextMethods.Lower(TemplateValue.Text(value)),
        "title" => TextMethods.Title(TemplateValue.Text(value)),
        "capitalize" => TextMethods.Capitalize(TemplateValue.Text(value)),
        "length" or "count" => Length(value, call),
        "tojson" => TemplateJson.Write(value, call.Get(0, "indent") is long indent ? (int)Math.Clamp(indent, 0, 16) : null, call.Get(9, "ensure_ascii") is true),
        "join" => string.Join(TemplateValue.Text(call.Get(0, "d", "")), List(value, call).Select(item => Member(item, call.Get(1, "attribute"))).Select(TemplateValue.Text)),
        "default" or "d" => value is UndefinedValue || (call.Get(1, "boolean") is true && !TemplateValue.IsTrue(value)) ? call.Get(0, "default_value", "") : value,
        "string" => TemplateValue.Text(value),
        "safe" => value,
        "int" => ToInteger(value, call),
        "float" => value is string text && double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var parsed) ? parsed : TemplateValue.Number(value),
        "list" => List(value, call),
        "items" => value is IReadOnlyDictionary<string, object?> ? TextMethods.Find(value, "items")!(call) : throw call.Wrong($"a {TemplateValue.TypeName(value)} is no mapping"),
        "first" => List(value, call).DefaultIfEmpty(new UndefinedValue("first")).First(),
        "last" => List(value, call).DefaultIfEmpty(new UndefinedValue("last")).Last(),
        "reverse" => value is string forward ? string.Concat(TemplateValue.CodePoints(forward).Reverse()) : Enumerable.Reverse(List(value, call)).ToList(),
        "replace" => TextMethods.Replace(TemplateValue.Text(value), call),
        "map" => List(value, call).Select(item => Member(item, call.Get(9, "attribute") ?? throw call.Wrong("only attribute=… is supported"))).ToList(),
        "select" => List(value, call).Where(item => Passes(item, call, 0)).ToList(),
        "reject" => List(value, call).Where(item => !Passes(item, call, 0)).ToList(),
        "selectattr" => List(value, call).Where(item => Passes(Member(item, call.Text(0, "attribute")), call, 1)).ToList(),
        "rejectattr" => List(value, call).Where(item => !Passes(Member(item, call.Text(0, "attribute")), call, 1)).ToList(),
        _ => throw call.Wrong("it is not known"),
    };

    /// <summary>The result of a test; the name must be known.</summary>
    public static bool Test(string name, object? value, ArgumentReader call, int first = 0) => name switch
    {
        "defined" => value is not UndefinedValue,
        "undefined" => value is UndefinedValue,
        "none" => value is null,
        "string" => value is string,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "integer" => value is long,
        "number" => value is bool or long or double,
        "mapping" => value is IReadOnlyDictionary<string, object?>,
        "iterable" or "sequence" => TemplateValue.Elements(value) is not null,
        "callable" => value is FunctionValue,
        "even" => value is long even && even % 2 == 0,
        "odd" => value is long odd && odd % 2 != 0,
        "lower" => value is string lower && lower.Any(char.IsLetter) && !lower.Any(char.IsUpper),
        "upper" => value is string upper && upper.Any(char.IsLetter) && !upper.Any(char.IsLower),
        "divisibleby" => value is long number && call.Integer(first, "num", 0) is var divisor && (divisor == 0 ? throw call.Wrong("the divisor is 0") : number % divisor == 0),
        "equalto" or "eq" => TemplateValue.Equals(value, call.Get(first, "other")),
        "ne" => !TemplateValue.Equals(value, call.Get(first, "other")),
        "in" => Contains(call.Get(first, "seq"), value) ?? throw call.Wrong($"nothing is in a {TemplateValue.TypeName(call.Get(first, "seq"))}"),
        _ => throw call.Wrong("it is not known"),
    };

    /// <summary>Whether a value is an element, key or part of another; null when that holds nothing.</summary>
    public static bool? Contains(object? container, object? value) => (container, value) switch
    {
        (string text, string part) => text.Contains(part, StringComparison.Ordinal),
        (string, _) => null,
        (IReadOnlyDictionary<string, object?> mapping, _) => value is string key && mapping.ContainsKey(key),
        _ => TemplateValue.Elements(container)?.Any(element => TemplateValue.Equals(element, value)),
    };

    public static List<object?> List(object? value, ArgumentReader call) =>
        [.. TemplateValue.Elements(value) ?? throw call.Wrong($"a {TemplateValue.TypeName(value)} has no elements")];

    private static bool Passes(object? item, ArgumentReader call, int first) =>
        call.Count > first ? Test(call.Text(first, "test"), item, call, first + 1) : TemplateValue.IsTrue(item);

    private static object? Member(object? item, object? name) =>
        name is not string key ? item : item is IReadOnlyDictionary<string, object?> mapping && mapping.TryGetValue(key, out var value) ? value : new UndefinedValue(key);

    private static long Length(object? value, ArgumentReader call) => value switch
    {
        string text => TemplateValue.CodePoints(text).Count,
        IReadOnlyDictionary<string, object?> mapping => mapping.Count,
        _ => List(value, call).Count,
    };

    private static object? ToInteger(object? value, ArgumentReader call) => value switch
    {
        long or bool => (long)TemplateValue.Number(value),
        double number when Math.Abs(number) < 1e18 => (long)number,
        string text when long.TryParse(text.Trim(), System.Globalization.CultureInfo.InvariantCulture, out var parsed) => parsed,
        _ => call.Get(0, "default", 0L),
    };
}
