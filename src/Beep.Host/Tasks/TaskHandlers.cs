namespace Beep.Host.Tasks;

/// <summary>The handlers by the kinds of their tasks. They are made when the first is looked for: what they need may hand in tasks itself.</summary>
internal sealed class TaskHandlers(IServiceProvider services)
{
    private readonly Lazy<Dictionary<string, ITaskHandler>> _handlers = new(() => Collect(services.GetServices<ITaskHandler>()));

    public IReadOnlyCollection<string> Kinds => _handlers.Value.Keys;

    public ITaskHandler? Find(string kind) => _handlers.Value.GetValueOrDefault(kind);

    private static Dictionary<string, ITaskHandler> Collect(IEnumerable<ITaskHandler> handlers)
    {
        var found = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);
        return found.Values.FirstOrDefault(handler => !ResourceClass.IsKnown(handler.ResourceClass) || handler.Kind.Length > TaskRow.LongestKind) is { } wrong
            ? throw new InvalidOperationException($"The handler of '{wrong.Kind}' asks for '{wrong.ResourceClass}': a resource class is io, cpu, remote or gpu:<count>, and a kind has at most {TaskRow.LongestKind} characters.")
            : found;
    }
}
