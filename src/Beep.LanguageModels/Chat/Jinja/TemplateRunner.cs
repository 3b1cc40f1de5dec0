using System.Runtime.CompilerServices;
using System.Text;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>Runs the statements of a template once.</summary>
internal sealed class TemplateRunner
{
    private readonly TemplateSource _source;
    private readonly TemplateBudget _budget;
    private readonly ExpressionEvaluator _expressions;

    private TemplateRunner(TemplateSource source)
    {
        _source = source;
        _budget = new TemplateBudget(source);
        _expressions = new ExpressionEvaluator(source, _budget);
    }

    /// <summary>How a body ended.</summary>
    private enum Outcome
    {
        Done = 0,
        Continue = 1,
        Break = 2,
    }

    /// <summary>What the template prints, given these variables.</summary>
    public static string Run(TemplateSource source, IReadOnlyList<TemplateNode> nodes, IReadOnlyDictionary<string, object?> variables)
    {
        var runner = new TemplateRunner(source);
        var scope = new TemplateScope(null);
        scope.Set("raise_exception", new FunctionValue("raise_exception", (positional, _) => throw source.Refused(0, TemplateValue.Text(positional.Count > 0 ? positional[0] : "no reason given"))));
        scope.Set("namespace", new FunctionValue("namespace", static (_, named) => new NamespaceValue(new Dictionary<string, object?>(named, StringComparer.Ordinal))));
        scope.Set("range", new FunctionValue("range", runner.Range));
        foreach (var (name, value) in variables)
        {
            scope.Set(name, value);
        }

        var output = new StringBuilder();
        try
        {
            runner.RunBody(nodes, new TemplateScope(scope), output);
        }
        catch (InsufficientExecutionStackException)
        {
            throw source.Failed(0, "The template is nested too deeply.");
        }

        return output.ToString();
    }

    private Outcome RunBody(IReadOnlyList<TemplateNode> nodes, TemplateScope scope, StringBuilder output)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var node in nodes)
        {
            _budget.Step(node.Position);
            _budget.Allow(output.Length, node.Position);
            var outcome = RunNode(node, scope, output);
            if (outcome is not Outcome.Done)
            {
                return outcome;
            }
        }

        return Outcome.Done;
    }

    private Outcome RunNode(TemplateNode node, TemplateScope scope, StringBuilder output)
    {
        switch (node)
        {
            case TextNode text:
                output.Append(text.Text);
                return Outcome.Done;
            case OutputNode value:
                output.Append(TemplateValue.Text(_expressions.Evaluate(value.Value, scope)));
                return Outcome.Done;
            case IfNode branches:
                var taken = branches.Branches.FirstOrDefault(branch => branch.Condition is null || TemplateValue.IsTrue(_expressions.Evaluate(branch.Condition, scope)));
                return taken.Body is null ? Outcome.Done : RunBody(taken.Body, scope, output);
            case ForNode loop:
                return RunLoop(loop, scope, output);
            case SetNode set:
                Assign(set, scope);
                return Outcome.Done;
            case SetBlockNode block:
                var captured = new StringBuilder();
                RunBody(block.Body, new TemplateScope(scope), captured);
                scope.Set(block.Name, captured.ToString());
                return Outcome.Done;
            case GenerationNode generation:
                return RunBody(generation.Body, scope, output);
            case MacroNode macro:
                scope.Set(macro.Name, new FunctionValue(macro.Name, (positional, named) => RunMacro(macro, scope, positional, named)));
                return Outcome.Done;
            case LoopJumpNode jump:
                return jump.Leaves ? Outcome.Break : Outcome.Continue;
            default:
                throw _source.Unsupported(node.Position, "This statement is not supported.");
        }
    }

    private Outcome RunLoop(ForNode loop, TemplateScope scope, StringBuilder output)
    {
        var value = _expressions.Evaluate(loop.Items, scope);
        var elements = TemplateValue.Elements(value) ?? throw _source.Failed(loop.Position, $"A loop cannot go over a {TemplateValue.TypeName(value)}.");
        var items = new List<object?>();
        foreach (var element in elements)
        {
            _budget.Step(loop.Position);
            if (loop.Condition is null || TemplateValue.IsTrue(_expressions.Evaluate(loop.Condition, Bind(loop, scope, element))))
            {
                items.Add(element);
            }
        }

        for (var index = 0; index < items.Count; index++)
        {
            var inner = Bind(loop, scope, items[index]);
            inner.Set("loop", LoopVariables(items, index));
            if (RunBody(loop.Body, inner, output) is Outcome.Break)
            {
                break;
            }
        }

        return items.Count == 0 ? RunBody(loop.Otherwise, scope, output) : Outcome.Done;
    }

    private TemplateScope Bind(ForNode loop, TemplateScope scope, object? item)
    {
        var inner = new TemplateScope(scope);
        Unpack(loop.Targets, item, loop.Position, inner.Set);
        return inner;
    }

    private void Unpack(IReadOnlyList<string> targets, object? item, int position, Action<string, object?> assign)
    {
        if (targets.Count == 1)
        {
            assign(targets[0], item);
            return;
        }

        if (item is not IReadOnlyList<object?> parts || parts.Count != targets.Count)
        {
            throw _source.Failed(position, $"A {TemplateValue.TypeName(item)} does not unpack into {targets.Count} names.");
        }

        for (var index = 0; index < parts.Count; index++)
        {
            assign(targets[index], parts[index]);
        }
    }

    private static Dictionary<string, object?> LoopVariables(List<object?> items, int index) => new(StringComparer.Ordinal)
    {
        ["index"] = index + 1L,
        ["index0"] = (long)index,
        ["revindex"] = (long)(items.Count - index),
        ["revindex0"] = items.Count - index - 1L,
        ["first"] = index == 0,
        ["last"] = index == items.Count - 1,
        ["length"] = (long)items.Count,
        ["previtem"] = index > 0 ? items[index - 1] : new UndefinedValue("previtem"),
        ["nextitem"] = index + 1 < items.Count ? items[index + 1] : new UndefinedValue("nextitem"),
    };

    private void Assign(SetNode set, TemplateScope scope)
    {
        var value = _expressions.Evaluate(set.Value, scope);
        if (set.Targets is [AttributeExpression { Target: NameExpression owner } attribute])
        {
            var space = scope.Get(owner.Name) as NamespaceValue
                ?? throw _source.Failed(set.Position, $"\"{owner.Name}\" is not a namespace(), so \"{attribute.Name}\" of it cannot be set.");
            space.Members[attribute.Name] = value;
            return;
        }

        var names = set.Targets.Select(target => target is NameExpression name
            ? name.Name
            : throw _source.Unsupported(target.Position, "Attributes can only be set one at a time."));
        Unpack([.. names], value, set.Position, scope.Set);
    }

    private string RunMacro(MacroNode macro, TemplateScope scope, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
    {
        var inner = new TemplateScope(scope);
        foreach (var (index, (name, otherwise)) in macro.Parameters.Index())
        {
            inner.Set(name, index < positional.Count ? positional[index]
                : named.TryGetValue(name, out var value) ? value
                : otherwise is null ? new UndefinedValue(name) : _expressions.Evaluate(otherwise, inner));
        }

        var output = new StringBuilder();
        RunBody(macro.Body, inner, output);
        return output.ToString();
    }

    private List<object?> Range(IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
    {
        var bounds = positional.OfType<long>().ToList();
        if (bounds.Count != positional.Count || bounds.Count is < 1 or > 3 || bounds is [_, _, 0])
        {
            throw _source.Failed(0, "\"range\" takes one to three integers, the last not 0.");
        }

        var (start, stop, step) = (bounds.Count == 1 ? 0 : bounds[0], bounds.Count == 1 ? bounds[0] : bounds[1], bounds.Count == 3 ? bounds[2] : 1);
        var result = new List<object?>();
        for (var value = start; step > 0 ? value < stop : value > stop; value += step)
        {
            _budget.Step(0);
            result.Add(value);
        }

        return result;
    }
}
