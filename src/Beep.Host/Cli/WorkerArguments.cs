namespace Beep.Host.Cli;

/// <summary>Arguments for the worker, those without a value left out.</summary>
internal sealed class WorkerArguments(string command)
{
    private readonly List<string> _items = [command];

    public IReadOnlyList<string> Items => _items;

    public WorkerArguments Add(string name, string? value)
    {
        if (value is not null)
        {
            // One argument, so that a value which begins with a dash is not taken for an option.
            _items.Add($"{name}={value}");
        }

        return this;
    }

    public WorkerArguments Add(string name, bool isSet)
    {
        if (isSet)
        {
            _items.Add(name);
        }

        return this;
    }
}
