using System.Globalization;
using System.Text;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>The operands: literals, names, and the members, elements and calls that follow them.</summary>
internal sealed partial class ExpressionParser
{
    private TemplateExpression ParsePostfix(TemplateExpression value)
    {
        while (tokens.Current.Kind == TemplateTokenKind.Operator)
        {
            var position = tokens.Current.Position;
            if (tokens.TryTakeOperator("."))
            {
                value = tokens.Is(TemplateTokenKind.Integer)
                    ? new IndexExpression(position, value, ParsePrimary())
                    : new AttributeExpression(position, value, tokens.Expect(TemplateTokenKind.Name).Text);
            }
            else if (tokens.TryTakeOperator("["))
            {
                value = ParseSubscript(value, position);
            }
            else if (tokens.IsOperator("("))
            {
                value = new CallExpression(position, value, ParseArguments());
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private TemplateExpression ParseSubscript(TemplateExpression target, int position)
    {
        var parts = new TemplateExpression?[3];
        var colons = 0;
        while (!tokens.TryTakeOperator("]"))
        {
            if (tokens.TryTakeOperator(":") && ++colons <= 2)
            {
                continue;
            }

            parts[colons] = parts[colons] is null && colons <= 2 ? Parse() : throw tokens.Unexpected("\"]\" belongs here");
        }

        return colons > 0
            ? new SliceExpression(position, target, parts[0], parts[1], parts[2])
            : new IndexExpression(position, target, parts[0] ?? throw tokens.Unexpected("an index belongs"));
    }

    private TemplateArguments ParseArguments()
    {
        tokens.Expect(TemplateTokenKind.Operator, "(");
        var positional = new List<TemplateExpression>();
        var named = new List<(string, TemplateExpression)>();
        while (!tokens.TryTakeOperator(")"))
        {
            if (tokens.Is(TemplateTokenKind.Name) && tokens.Following is { Kind: TemplateTokenKind.Operator, Text: "=" })
            {
                var name = tokens.Take().Text;
                tokens.Take();
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(Parse());
            }

            if (!tokens.IsOperator(")"))
            {
                tokens.Expect(TemplateTokenKind.Operator, ",");
            }
        }

        return new TemplateArguments(positional, named);
    }

    private TemplateExpression ParsePrimary()
    {
        var token = tokens.Current;
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                tokens.Take();
                return token.Text switch
                {
                    "true" or "True" => new ConstantExpression(token.Position, true),
                    "false" or "False" => new ConstantExpression(token.Position, false),
                    "none" or "None" => new ConstantExpression(token.Position, null),
                    _ => new NameExpression(token.Position, token.Text),
                };
            case TemplateTokenKind.String:
                return ParseStrings(token.Position);
            case TemplateTokenKind.Integer when long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var integer):
                tokens.Take();
                return new ConstantExpression(token.Position, integer);
            case TemplateTokenKind.Float:
                return new ConstantExpression(token.Position, double.Parse(tokens.Take().Text, CultureInfo.InvariantCulture));
            case TemplateTokenKind.Operator when token.Text == "(":
                tokens.Take();
                var inner = tokens.IsOperator(")") ? new ListExpression(token.Position, []) : ParseTuple();
                tokens.Expect(TemplateTokenKind.Operator, ")");
                return inner;
            case TemplateTokenKind.Operator when token.Text == "[":
                return ParseList();
            case TemplateTokenKind.Operator when token.Text == "{":
                return ParseMapping();
            default:
                throw tokens.Unexpected("a value belongs");
        }
    }

    private ConstantExpression ParseStrings(int position)
    {
        var text = new StringBuilder();
        while (tokens.Is(TemplateTokenKind.String))
        {
            text.Append(tokens.Take().Text);
        }

        return new ConstantExpression(position, text.ToString());
    }

    private ListExpression ParseList()
    {
        var position = tokens.Take().Position;
        var items = new List<TemplateExpression>();
        while (!tokens.TryTakeOperator("]"))
        {
            items.Add(Parse());
            if (!tokens.IsOperator("]"))
            {
                tokens.Expect(TemplateTokenKind.Operator, ",");
            }
        }

        return new ListExpression(position, items);
    }

    private MappingExpression ParseMapping()
    {
        var position = tokens.Take().Position;
        var items = new List<(TemplateExpression, TemplateExpression)>();
        while (!tokens.TryTakeOperator("}"))
        {
            var key = Parse();
            tokens.Expect(TemplateTokenKind.Operator, ":");
            items.Add((key, Parse()));
            if (!tokens.IsOperator("}"))
            {
                tokens.Expect(TemplateTokenKind.Operator, ",");
            }
        }

        return new MappingExpression(position, items);
    }
}
