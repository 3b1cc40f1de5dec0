using Beep.Contracts;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The operators of a template, as Python has them.</summary>
internal sealed class Arithmetic(TemplateSource source, TemplateBudget budget)
{
    public object? Sign(string name, object? value, int position) => (name, value) switch
    {
        ("-", long integer) => -integer,
        ("-", double number) => -number,
        ("+", long or double) => value,
        _ => throw Mismatch(name, value, value, position),
    };

    public object? Apply(string name, object? left, object? right, int position)
    {
        switch (name, left, right)
        {
            case ("~", _, _):
                return Join(TemplateValue.Text(left), TemplateValue.Text(right), position);
            case ("+", string a, string b):
                return Join(a, b, position);
            case ("+", IReadOnlyList<object?> a, IReadOnlyList<object?> b):
                budget.Allow((long)a.Count + b.Count, position);
                return a.Concat(b).ToList();
            case ("*", string text, long times):
                budget.Allow(text.Length * Math.Clamp(times, 0, int.MaxValue), position);
                return string.Concat(Enumerable.Repeat(text, (int)Math.Clamp(times, 0, int.MaxValue)));
            case (_, long a, long b):
                return OfIntegers(name, a, b, position);
            case (_, long or double, long or double):
                return OfNumbers(name, TemplateValue.Number(left), TemplateValue.Number(right), position);
            default:
                throw Mismatch(name, left, right, position);
        }
    }

    /// <summary>Whether a comparison holds.</summary>
    public bool Holds(string name, object? left, object? right, int position) => name switch
    {
        "==" => TemplateValue.Equals(left, right),
        "!=" => !TemplateValue.Equals(left, right),
        "in" => TemplateFilters.Contains(right, left) ?? throw Mismatch(name, left, right, position),
        "not in" => !TemplateFilters.Contains(right, left) ?? throw Mismatch(name, left, right, position),
        _ when TemplateValue.Compare(left, right) is { } order => name switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 },
        _ => throw Mismatch(name, left, right, position),
    };

    private string Join(string left, string right, int position)
    {
        budget.Allow((long)left.Length + right.Length, position);
        return left + right;
    }

    private object OfIntegers(string name, long a, long b, int position)
    {
        if (b == 0 && name is "/" or "//" or "%")
        {
            throw source.Failed(position, $"{a} {name} 0 divides by zero.");
        }

        try
        {
            return checked(name switch
            {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "//" => (a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0),
                "%" => ((a % b) + b) % b,
                "/" => (object)((double)a / b),
                _ => throw Mismatch(name, a, b, position),
            });
        }
        catch (OverflowException)
        {
            throw source.Failed(position, $"{a} {name} {b} is out of range.");
        }
    }

    private double OfNumbers(string name, double a, double b, int position) => name switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" or "//" or "%" when b == 0 => throw source.Failed(position, $"The number is divided by zero with {name}."),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        "%" => a - (b * Math.Floor(a / b)),
        _ => throw Mismatch(name, a, b, position),
    };

    private FaultException Mismatch(string name, object? left, object? right, int position) =>
        source.Failed(position, $"\"{name}\" cannot be applied to {TemplateValue.TypeName(left)} and {TemplateValue.TypeName(right)}.");
}
