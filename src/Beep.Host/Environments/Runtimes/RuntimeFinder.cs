using Beep.Host.Hosting;

namespace Beep.Host.Environments.Runtimes;

/// <summary>Finds the Pythons of this machine and asks each what it is: a few at a time, each for a bounded time. What was found holds for a while.</summary>
internal sealed class RuntimeFinder(RuntimePlaces places, TimeProvider time) : IDisposable
{
    private const int MostAtATime = 4;
    private const int MostAsked = 200;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Holds = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _looking = new(1, 1);
    private IReadOnlyList<PythonRuntime>? _found;
    private long _foundAt;

    /// <summary>How long one of them may take; a test waits less.</summary>
    public TimeSpan Patience { get; init; } = Limit;

    /// <summary>uv, where there is one.</summary>
    public string? FindUv() => places.FindUv();

    /// <summary>All of them, those that an environment can be made from first, newest first.</summary>
    /// <param name="isFresh">Whether they are looked for now, however lately they were.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    public async Task<IReadOnlyList<PythonRuntime>> ListAsync(bool isFresh, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_found is null || isFresh || time.GetElapsedTime(_foundAt) > Holds)
            {
                (_found, _foundAt) = (await LookAsync(cancellationToken).ConfigureAwait(false), time.GetTimestamp());
            }

            return _found;
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>One of them by its id or path, asked again; null when it is none of them.</summary>
    public async Task<PythonRuntime?> FindAsync(string idOrPath, CancellationToken cancellationToken) =>
        (await ListAsync(isFresh: false, cancellationToken).ConfigureAwait(false)).FirstOrDefault(runtime => runtime.Id == idOrPath || runtime.Path == idOrPath);

    /// <summary>What a file is, or why it is no Python.</summary>
    public Task<(PythonRuntime? Runtime, string? Problem)> AskAsync(string path, CancellationToken cancellationToken) => RuntimeProbe.AskAsync(path, RuntimeSource.Named, Patience, time, cancellationToken);

    public void Dispose() => _looking.Dispose();

    private async Task<IReadOnlyList<PythonRuntime>> LookAsync(CancellationToken cancellationToken)
    {
        var candidates = (await places.FindAsync(time, cancellationToken).ConfigureAwait(false)).DistinctBy(candidate => KeyOf(candidate.Path)).Take(MostAsked).ToList();
        var asked = new PythonRuntime?[candidates.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = MostAtATime, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, candidates.Count, options, async (at, token) =>
            asked[at] = (await RuntimeProbe.AskAsync(candidates[at].Path, candidates[at].Source, Patience, time, token).ConfigureAwait(false)).Runtime).ConfigureAwait(false);
        return [.. asked.OfType<PythonRuntime>().DistinctBy(runtime => KeyOf(runtime.Path))
            .OrderBy(runtime => runtime.Problem is not null).ThenBy(runtime => runtime.IsEnvironment).ThenByDescending(runtime => Version.Parse(runtime.Version)).ThenBy(runtime => runtime.Path, StringComparer.Ordinal)];
    }

    /// <summary>Two names of one file are one runtime; the interpreter of a venv is a link to another's, and yet a runtime of its own.</summary>
    private static string KeyOf(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetDirectoryName(path));
        return folder is not null && File.Exists(Path.Combine(folder, "pyvenv.cfg")) ? RealPath.Of(folder) ?? folder : RealPath.Of(path) ?? path;
    }
}
