using System.Runtime.CompilerServices;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>Parses the statements of a template.</summary>
internal sealed class TemplateParser
{
    private static readonly string[] Known = ["break", "continue", "for", "generation", "if", "macro", "set"];

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(TemplateSource source)
    {
        _tokens = new TokenReader(source, new TemplateLexer(source).Read());
        _expressions = new ExpressionParser(_tokens);
    }

    public static IReadOnlyList<TemplateNode> Parse(TemplateSource source)
    {
        try
        {
            var parser = new TemplateParser(source);
            var nodes = parser.ParseBody();
            return parser._tokens.Is(TemplateTokenKind.End) ? nodes : throw parser._tokens.Unexpected("a statement belongs");
        }
        catch (InsufficientExecutionStackException)
        {
            throw source.Unsupported(0, "The template is nested too deeply.");
        }
    }

    /// <summary>Statements up to the end, or to a block that starts with one of the names, which is left to be read.</summary>
    private List<TemplateNode> ParseBody(params string[] ends)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var nodes = new List<TemplateNode>();
        while (true)
        {
            var token = _tokens.Current;
            switch (token.Kind)
            {
                case TemplateTokenKind.Text:
                    nodes.Add(new TextNode(token.Position, _tokens.Take().Text));
                    break;
                case TemplateTokenKind.VariableBegin:
                    _tokens.Take();
                    nodes.Add(new OutputNode(token.Position, _expressions.ParseTuple()));
                    _tokens.Expect(TemplateTokenKind.VariableEnd);
                    break;
                case TemplateTokenKind.BlockBegin when !ends.Contains(_tokens.Following.Text):
                    _tokens.Take();
                    nodes.Add(ParseStatement(token.Position));
                    break;
                case TemplateTokenKind.End when ends.Length > 0:
                    throw _tokens.Unexpected($"\"{{% {ends[^1]} %}}\" belongs");
                default:
                    return nodes;
            }
        }
    }

    private TemplateNode ParseStatement(int position)
    {
        var name = _tokens.Expect(TemplateTokenKind.Name).Text;
        switch (name)
        {
            case "if":
                return ParseIf(position);
            case "for":
                return ParseFor(position);
            case "set":
                return ParseSet(position);
            case "macro":
                return ParseMacro(position);
            case "generation":
                _tokens.Expect(TemplateTokenKind.BlockEnd);
                return new GenerationNode(position, ParseBlock("endgeneration"));
            case "break" or "continue" when _loops > 0:
                _tokens.Expect(TemplateTokenKind.BlockEnd);
                return new LoopJumpNode(position, name == "break");
            default:
                throw _tokens.Source.Unsupported(position, $"The statement \"{name}\" is not supported here. Supported: {string.Join(", ", Known)}.");
        }
    }

    private List<TemplateNode> ParseBlock(string end)
    {
        var body = ParseBody(end);
        EndBlock(end);
        return body;
    }

    private void EndBlock(string end)
    {
        _tokens.Expect(TemplateTokenKind.BlockBegin);
        _tokens.Expect(TemplateTokenKind.Name, end);
        _tokens.Expect(TemplateTokenKind.BlockEnd);
    }

    private IfNode ParseIf(int position)
    {
        var branches = new List<(TemplateExpression?, IReadOnlyList<TemplateNode>)>();
        TemplateExpression? condition = _expressions.ParseTuple();
        while (true)
        {
            _tokens.Expect(TemplateTokenKind.BlockEnd);
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            _tokens.Take();
            var name = _tokens.Take().Text;
            if (name == "endif" || (name == "else" && condition is null))
            {
                _tokens.Expect(TemplateTokenKind.BlockEnd);
                return new IfNode(position, branches);
            }

            condition = name == "elif" ? _expressions.ParseTuple() : null;
        }
    }

    private ForNode ParseFor(int position)
    {
        var targets = new List<string>();
        do
        {
            targets.Add(_tokens.Expect(TemplateTokenKind.Name).Text);
        }
        while (_tokens.TryTakeOperator(","));
        _tokens.Expect(TemplateTokenKind.Name, "in");
        var items = _expressions.ParseWithoutCondition();
        var condition = _tokens.TryTakeName("if") ? _expressions.Parse() : null;
        _tokens.Expect(TemplateTokenKind.BlockEnd);
        _loops++;
        var body = ParseBody("else", "endfor");
        _loops--;
        var otherwise = new List<TemplateNode>();
        if (_tokens.Following.Text == "else")
        {
            EndBlock("else");
            otherwise = ParseBody("endfor");
        }

        EndBlock("endfor");
        return new ForNode(position, targets, items, condition, body, otherwise);
    }

    private TemplateNode ParseSet(int position)
    {
        var targets = new List<TemplateExpression>();
        do
        {
            var name = _tokens.Expect(TemplateTokenKind.Name);
            TemplateExpression target = new NameExpression(name.Position, name.Text);
            targets.Add(_tokens.TryTakeOperator(".") ? new AttributeExpression(name.Position, target, _tokens.Expect(TemplateTokenKind.Name).Text) : target);
        }
        while (_tokens.TryTakeOperator(","));
        if (targets is [NameExpression block] && _tokens.Is(TemplateTokenKind.BlockEnd))
        {
            _tokens.Take();
            return new SetBlockNode(position, block.Name, ParseBlock("endset"));
        }

        _tokens.Expect(TemplateTokenKind.Operator, "=");
        var value = _expressions.ParseTuple();
        _tokens.Expect(TemplateTokenKind.BlockEnd);
        return new SetNode(position, targets, value);
    }

    private MacroNode ParseMacro(int position)
    {
        var name = _tokens.Expect(TemplateTokenKind.Name).Text;
        var parameters = new List<(string, TemplateExpression?)>();
        _tokens.Expect(TemplateTokenKind.Operator, "(");
        while (!_tokens.TryTakeOperator(")"))
        {
            var parameter = _tokens.Expect(TemplateTokenKind.Name).Text;
            parameters.Add((parameter, _tokens.TryTakeOperator("=") ? _expressions.Parse() : null));
            if (!_tokens.IsOperator(")"))
            {
                _tokens.Expect(TemplateTokenKind.Operator, ",");
            }
        }

        _tokens.Expect(TemplateTokenKind.BlockEnd);
        var loops = _loops;
        _loops = 0;
        var body = ParseBlock("endmacro");
        _loops = loops;
        return new MacroNode(position, name, parameters, body);
    }
}
