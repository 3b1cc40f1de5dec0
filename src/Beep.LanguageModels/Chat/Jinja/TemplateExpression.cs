namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>An expression of a template.</summary>
/// <param name="Position">Where it starts in the template.</param>
internal abstract record TemplateExpression(int Position);

internal sealed record ConstantExpression(int Position, object? Value) : TemplateExpression(Position);

internal sealed record NameExpression(int Position, string Name) : TemplateExpression(Position);

internal sealed record ListExpression(int Position, IReadOnlyList<TemplateExpression> Items) : TemplateExpression(Position);

internal sealed record MappingExpression(int Position, IReadOnlyList<(TemplateExpression Key, TemplateExpression Value)> Items) : TemplateExpression(Position);

internal sealed record AttributeExpression(int Position, TemplateExpression Target, string Name) : TemplateExpression(Position);

internal sealed record IndexExpression(int Position, TemplateExpression Target, TemplateExpression Index) : TemplateExpression(Position);

internal sealed record SliceExpression(
    int Position,
    TemplateExpression Target,
    TemplateExpression? Start,
    TemplateExpression? Stop,
    TemplateExpression? Step) : TemplateExpression(Position);

internal sealed record CallExpression(int Position, TemplateExpression Target, TemplateArguments Arguments) : TemplateExpression(Position);

internal sealed record FilterExpression(int Position, TemplateExpression Target, string Name, TemplateArguments Arguments) : TemplateExpression(Position);

internal sealed record TestExpression(int Position, TemplateExpression Target, string Name, TemplateArguments Arguments, bool IsNegated)
    : TemplateExpression(Position);

/// <param name="Position">Where it starts.</param>
/// <param name="Operator"><c>not</c>, <c>-</c> or <c>+</c>.</param>
/// <param name="Operand">What it applies to.</param>
internal sealed record UnaryExpression(int Position, string Operator, TemplateExpression Operand) : TemplateExpression(Position);

/// <param name="Position">Where it starts.</param>
/// <param name="Operator">Arithmetic, <c>~</c>, <c>and</c> or <c>or</c>.</param>
/// <param name="Left">The first operand.</param>
/// <param name="Right">The second.</param>
internal sealed record BinaryExpression(int Position, string Operator, TemplateExpression Left, TemplateExpression Right) : TemplateExpression(Position);

/// <summary>A chain of comparisons, all of which must hold.</summary>
internal sealed record CompareExpression(int Position, TemplateExpression First, IReadOnlyList<(string Operator, TemplateExpression Value)> Rest)
    : TemplateExpression(Position);

internal sealed record ConditionalExpression(int Position, TemplateExpression Condition, TemplateExpression Then, TemplateExpression? Otherwise)
    : TemplateExpression(Position);

/// <summary>The arguments of a call, filter or test.</summary>
internal sealed record TemplateArguments(IReadOnlyList<TemplateExpression> Positional, IReadOnlyList<(string Name, TemplateExpression Value)> Named)
{
    public static TemplateArguments None { get; } = new([], []);
}
