namespace Beep.Host.Tasks;

/// <summary>The handlers by the kinds of their tasks.</summary>
internal sealed class TaskHandlers
{
    private readonly Dictionary<string, ITaskHandler> _handlers;

    public TaskHandlers(IEnumerable<ITaskHandler> handlers)
    {
        _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);
        if (_handlers.Values.FirstOrDefault(handler => !ResourceClass.IsKnown(handler.ResourceClass) || handler.Kind.Length > TaskRow.LongestKind) is { } wrong)
        {
            throw new InvalidOperationException($"The handler of '{wrong.Kind}' asks for '{wrong.ResourceClass}': a resource class is io, cpu or gpu:<count>, and a kind has at most {TaskRow.LongestKind} characters.");
        }
    }

    public IReadOnlyCollection<string> Kinds => _handlers.Keys;

    public ITaskHandler? Find(string kind) => _handlers.GetValueOrDefault(kind);
}
