namespace Beep.Host.Cli.Training;

/// <summary>Which Python runs a <c>transformers</c> worker, as it was named on the command line.</summary>
/// <param name="Environment">An environment of this host by its name; null for none.</param>
/// <param name="Path">An interpreter; null for none.</param>
internal sealed record PythonChoice(string? Environment, string? Path)
{
    /// <summary>As it is typed.</summary>
    public IReadOnlyList<string> Arguments => [.. Environment is { } name ? ["--environment", name] : Array.Empty<string>(), .. Path is { } path ? ["--python", path] : Array.Empty<string>()];
}
