using System.Runtime.CompilerServices;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>Parses expressions, with the precedence of Jinja: or, and, not, comparisons, + -, ~, * / // %, unary, filters and tests.</summary>
internal sealed partial class ExpressionParser(TokenReader tokens)
{
    private static readonly HashSet<string> Comparisons = ["==", "!=", "<", ">", "<=", ">="];

    public TemplateExpression Parse()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var value = ParseOr();
        while (tokens.Current is { Kind: TemplateTokenKind.Name, Text: "if" } start)
        {
            tokens.Take();
            var condition = ParseOr();
            value = new ConditionalExpression(start.Position, condition, value, tokens.TryTakeName("else") ? Parse() : null);
        }

        return value;
    }

    /// <summary>An expression, or several with commas between them, which make a list.</summary>
    public TemplateExpression ParseTuple()
    {
        var first = Parse();
        if (!tokens.IsOperator(","))
        {
            return first;
        }

        var items = new List<TemplateExpression> { first };
        while (tokens.TryTakeOperator(",") && !EndsExpression())
        {
            items.Add(Parse());
        }

        return new ListExpression(first.Position, items);
    }

    /// <summary>An expression that ends before <c>if</c>: the condition of a loop follows.</summary>
    public TemplateExpression ParseWithoutCondition() => ParseOr();

    private bool EndsExpression() =>
        tokens.Is(TemplateTokenKind.BlockEnd) || tokens.Is(TemplateTokenKind.VariableEnd) || tokens.IsOperator(")") || tokens.IsOperator("]");

    private TemplateExpression ParseOr() => ParseWords(ParseAnd, "or");

    private TemplateExpression ParseAnd() => ParseWords(ParseNot, "and");

    private TemplateExpression ParseWords(Func<TemplateExpression> operand, string word)
    {
        var left = operand();
        while (tokens.TryTakeName(word))
        {
            left = new BinaryExpression(left.Position, word, left, operand());
        }

        return left;
    }

    private TemplateExpression ParseNot()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var position = tokens.Current.Position;
        return tokens.TryTakeName("not") ? new UnaryExpression(position, "not", ParseNot()) : ParseCompare();
    }

    private TemplateExpression ParseCompare()
    {
        var first = ParseSum();
        var rest = new List<(string, TemplateExpression)>();
        while (true)
        {
            if (tokens.Current.Kind == TemplateTokenKind.Operator && Comparisons.Contains(tokens.Current.Text))
            {
                rest.Add((tokens.Take().Text, ParseSum()));
            }
            else if (tokens.TryTakeName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.IsName("not") && tokens.Following is { Kind: TemplateTokenKind.Name, Text: "in" })
            {
                tokens.Take();
                tokens.Take();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(first.Position, first, rest);
            }
        }
    }

    private TemplateExpression ParseSum() => ParseOperators(ParseConcatenation, "+", "-");

    private TemplateExpression ParseConcatenation() => ParseOperators(ParseProduct, "~");

    private TemplateExpression ParseProduct() => ParseOperators(ParseUnary, "*", "/", "//", "%");

    private TemplateExpression ParseOperators(Func<TemplateExpression> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (tokens.Current.Kind == TemplateTokenKind.Operator && operators.Contains(tokens.Current.Text))
        {
            left = new BinaryExpression(left.Position, tokens.Take().Text, left, operand());
        }

        return left;
    }

    private TemplateExpression ParseUnary() => ParseFilters(ParseSigned());

    private TemplateExpression ParseSigned()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return tokens.IsOperator("-") || tokens.IsOperator("+")
            ? new UnaryExpression(tokens.Current.Position, tokens.Take().Text, ParseSigned())
            : ParsePostfix(ParsePrimary());
    }

    private TemplateExpression ParseFilters(TemplateExpression value)
    {
        while (true)
        {
            var position = tokens.Current.Position;
            if (tokens.TryTakeOperator("|"))
            {
                var name = tokens.Expect(TemplateTokenKind.Name).Text;
                value = new FilterExpression(position, value, name, tokens.IsOperator("(") ? ParseArguments() : TemplateArguments.None);
            }
            else if (tokens.TryTakeName("is"))
            {
                var negated = tokens.TryTakeName("not");
                var name = tokens.Expect(TemplateTokenKind.Name).Text;
                value = new TestExpression(position, value, name, ParseTestArguments(), negated);
            }
            else
            {
                return value;
            }
        }
    }

    private TemplateArguments ParseTestArguments()
    {
        if (tokens.IsOperator("("))
        {
            return ParseArguments();
        }

        var isArgument = tokens.Current.Kind is TemplateTokenKind.String or TemplateTokenKind.Integer or TemplateTokenKind.Float
            || (tokens.Current.Kind == TemplateTokenKind.Name && tokens.Current.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in"))
            || tokens.IsOperator("[");
        return isArgument ? new TemplateArguments([ParsePostfix(ParsePrimary())], []) : TemplateArguments.None;
    }
}
