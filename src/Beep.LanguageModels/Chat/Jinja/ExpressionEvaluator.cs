using System.Runtime.CompilerServices;

namespace Beep.LanguageModels.Chat.Jinja;

/// <summary>Evaluates expressions; reaches nothing but the values the template was given.</summary>
internal sealed class ExpressionEvaluator(TemplateSource source, TemplateBudget budget)
{
    private readonly Arithmetic _arithmetic = new(source, budget);

    public object? Evaluate(TemplateExpression expression, TemplateScope scope)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        budget.Step(expression.Position);
        return expression switch
        {
            ConstantExpression constant => constant.Value,
            NameExpression name => scope.Get(name.Name),
            ListExpression list => list.Items.Select(item => Evaluate(item, scope)).ToList(),
            MappingExpression mapping => EvaluateMapping(mapping, scope),
            AttributeExpression attribute => Member(Evaluate(attribute.Target, scope), attribute.Name, attribute.Position),
            IndexExpression index => Item(Evaluate(index.Target, scope), Evaluate(index.Index, scope), index.Position),
            SliceExpression slice => Slice(slice, scope),
            CallExpression call => Call(call, scope),
            FilterExpression filter => Filter(filter, scope),
            TestExpression test => Test(test, scope),
            UnaryExpression { Operator: "not" } not => !TemplateValue.IsTrue(Evaluate(not.Operand, scope)),
            UnaryExpression sign => _arithmetic.Sign(sign.Operator, Evaluate(sign.Operand, scope), sign.Position),
            BinaryExpression { Operator: "and" } and => Evaluate(and.Left, scope) is var left && TemplateValue.IsTrue(left) ? Evaluate(and.Right, scope) : left,
            BinaryExpression { Operator: "or" } or => Evaluate(or.Left, scope) is var left && !TemplateValue.IsTrue(left) ? Evaluate(or.Right, scope) : left,
            BinaryExpression binary => _arithmetic.Apply(binary.Operator, Evaluate(binary.Left, scope), Evaluate(binary.Right, scope), binary.Position),
            CompareExpression compare => Compare(compare, scope),
            ConditionalExpression conditional => TemplateValue.IsTrue(Evaluate(conditional.Condition, scope))
                ? Evaluate(conditional.Then, scope)
                : conditional.Otherwise is null ? new UndefinedValue("else") : Evaluate(conditional.Otherwise, scope),
            _ => throw source.Unsupported(expression.Position, "This expression is not supported."),
        };
    }

    private Dictionary<string, object?> EvaluateMapping(MappingExpression mapping, TemplateScope scope)
    {
        var result = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, value) in mapping.Items)
        {
            result[Evaluate(key, scope) as string ?? throw source.Unsupported(key.Position, "Keys of mappings must be texts.")] = Evaluate(value, scope);
        }

        return result;
    }

    private object? Member(object? target, string name, int position)
    {
        if (TextMethods.Find(target, name) is { } method)
        {
            return new FunctionValue(name, (positional, named) => method(new ArgumentReader(source, position, name, positional, named)));
        }

        return target switch
        {
            NamespaceValue space => space.Members.TryGetValue(name, out var value) ? value : new UndefinedValue(name),
            IReadOnlyDictionary<string, object?> mapping => mapping.TryGetValue(name, out var value) ? value : new UndefinedValue(name),
            UndefinedValue or null => throw source.Failed(position, $"\"{name}\" is asked of {TemplateValue.TypeName(target)}."),
            _ => new UndefinedValue(name),
        };
    }

    private object? Item(object? target, object? index, int position) => (target, index) switch
    {
        (IReadOnlyDictionary<string, object?> mapping, string key) => mapping.TryGetValue(key, out var value) ? value : new UndefinedValue(key),
        (string text, long place) => At(TemplateValue.CodePoints(text), place),
        (IReadOnlyList<object?> list, long place) => At(list, place),
        (UndefinedValue or null, _) => throw source.Failed(position, $"An element is asked of {TemplateValue.TypeName(target)}."),
        (_, string name) => Member(target, name, position),
        _ => new UndefinedValue(TemplateValue.Text(index)),
    };

    private static object? At(IReadOnlyList<object?> list, long place)
    {
        place = place < 0 ? place + list.Count : place;
        return place >= 0 && place < list.Count ? list[(int)place] : new UndefinedValue("element");
    }

    /// <summary>Python's slices, with negative places and steps.</summary>
    private object? Slice(SliceExpression slice, TemplateScope scope)
    {
        var target = Evaluate(slice.Target, scope);
        var list = target is string text ? TemplateValue.CodePoints(text) : target as IReadOnlyList<object?>
            ?? throw source.Failed(slice.Position, $"A {TemplateValue.TypeName(target)} cannot be sliced.");
        var step = Bound(slice.Step) ?? 1;
        if (step == 0)
        {
            throw source.Failed(slice.Position, "The step of a slice is 0.");
        }

        var (low, high) = step > 0 ? (0L, (long)list.Count) : (-1L, list.Count - 1L);
        var start = Place(Bound(slice.Start), step > 0 ? low : high);
        var stop = Place(Bound(slice.Stop), step > 0 ? high : low);
        var result = new List<object?>();
        for (var index = start; step > 0 ? index < stop : index > stop; index += step)
        {
            budget.Step(slice.Position);
            result.Add(list[(int)index]);
        }

        return target is string ? string.Concat(result) : result;

        long? Bound(TemplateExpression? expression) => expression is null || Evaluate(expression, scope) is not { } value
            ? null
            : value is long place and > int.MinValue and < int.MaxValue ? place : throw source.Failed(slice.Position, "The bounds of a slice must be integers.");

        long Place(long? bound, long otherwise) => bound is { } place ? Math.Clamp(place < 0 ? place + list.Count : place, low, high) : otherwise;
    }

    private object? Call(CallExpression call, TemplateScope scope)
    {
        var target = Evaluate(call.Target, scope);
        return target is FunctionValue function
            ? function.Invoke(Positional(call.Arguments, scope), Named(call.Arguments, scope))
            : throw source.Failed(call.Position, $"A function is called that is not there: {TemplateValue.TypeName(target)}.");
    }

    private object? Filter(FilterExpression filter, TemplateScope scope)
    {
        if (!TemplateFilters.KnownFilters.Contains(filter.Name))
        {
            throw source.Unsupported(filter.Position, $"The filter \"{filter.Name}\" is not supported. Supported: {string.Join(", ", TemplateFilters.KnownFilters)}.");
        }

        var value = Evaluate(filter.Target, scope);
        var arguments = Arguments(filter.Arguments, scope, filter.Name, filter.Position);
        var result = TemplateFilters.Apply(filter.Name, value, arguments);
        budget.Allow(result is string text ? text.Length : 0, filter.Position);
        return result;
    }

    private bool Test(TestExpression test, TemplateScope scope)
    {
        if (!TemplateFilters.KnownTests.Contains(test.Name))
        {
            throw source.Unsupported(test.Position, $"The test \"{test.Name}\" is not supported. Supported: {string.Join(", ", TemplateFilters.KnownTests)}.");
        }

        var value = Evaluate(test.Target, scope);
        return TemplateFilters.Test(test.Name, value, Arguments(test.Arguments, scope, test.Name, test.Position)) != test.IsNegated;
    }

    private bool Compare(CompareExpression compare, TemplateScope scope)
    {
        var left = Evaluate(compare.First, scope);
        foreach (var (name, operand) in compare.Rest)
        {
            var right = Evaluate(operand, scope);
            if (!_arithmetic.Holds(name, left, right, compare.Position))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private ArgumentReader Arguments(TemplateArguments arguments, TemplateScope scope, string name, int position) =>
        new(source, position, name, Positional(arguments, scope), Named(arguments, scope));

    private List<object?> Positional(TemplateArguments arguments, TemplateScope scope) =>
        [.. arguments.Positional.Select(argument => Evaluate(argument, scope))];

    private Dictionary<string, object?> Named(TemplateArguments arguments, TemplateScope scope)
    {
        var result = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments.Named)
        {
            result[name] = Evaluate(value, scope);
        }

        return result;
    }
}
