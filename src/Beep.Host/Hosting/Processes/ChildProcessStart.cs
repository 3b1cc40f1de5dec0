namespace Beep.Host.Hosting.Processes;

/// <summary>What to start as a child.</summary>
/// <param name="FileName">The program, by its absolute path.</param>
/// <param name="Arguments">As the program gets them: no shell reads them.</param>
internal sealed record ChildProcessStart(string FileName, params IReadOnlyList<string> Arguments)
{
    /// <summary>Null: a private folder of the child's own.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>A file that gets all that the child prints, besides the log of the task; null for none.</summary>
    public string? OutputFile { get; init; }

    /// <summary>Added to what <see cref="WorkerEnvironment"/> lets through.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether it goes on when the host ends, to be found again by <see cref="ChildProcess.Adopt"/>: it writes to
    /// <see cref="OutputFile"/> itself, which it then needs, and not through the host. On Windows no child does.
    /// </summary>
    public bool OutlivesHost { get; init; }
}
