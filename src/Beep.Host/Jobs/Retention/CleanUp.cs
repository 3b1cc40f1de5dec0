using Beep.Host.Hosting;
using Beep.Host.Jobs.Lifecycle;

namespace Beep.Host.Jobs.Retention;

/// <summary>What a clean-up did, or would do.</summary>
/// <param name="Items">What went, or would.</param>
/// <param name="Failed">What could not be removed, with the reason.</param>
internal sealed record CleanUpResult(IReadOnlyList<CleanUpItem> Items, IReadOnlyList<(CleanUpItem Item, string Reason)> Failed)
{
    public long Bytes => Items.Sum(item => item.Bytes);

    /// <summary>How many of each kind and how large, in the order of the kinds.</summary>
    public IReadOnlyList<(CleanUpKind Kind, int Count, long Bytes)> ByKind =>
        [.. Items.GroupBy(item => item.Kind).OrderBy(group => group.Key).Select(group => (group.Key, group.Count(), group.Sum(item => item.Bytes)))];

    /// <summary>A line for people.</summary>
    public static string Describe(CleanUpItem item, HostPaths paths) =>
        $"{item.Kind.ToString().ToLowerInvariant()}: {Path.GetRelativePath(paths.Home, item.Path).Replace('\\', '/')}, {Units.Bytes(item.Bytes)} ({item.Why})";
}

/// <summary>Removes what is past its time.</summary>
internal sealed class CleanUp(CleanUpFinder finder, JobService jobs)
{
    /// <summary>What would go.</summary>
    public async Task<CleanUpResult> PlanAsync(CancellationToken cancellationToken) => new(await finder.FindAsync(cancellationToken).ConfigureAwait(false), []);

    /// <summary>Removes it, one after the other; tells each.</summary>
    public async Task<CleanUpResult> RunAsync(Func<CleanUpItem, Task> tell, CancellationToken cancellationToken)
    {
        List<CleanUpItem> gone = [];
        List<(CleanUpItem, string)> failed = [];
        foreach (var item in await finder.FindAsync(cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                // Asked again: the job may have been begun meanwhile.
                if (item.JobId is null ? Remove(item.Path) : await jobs.RemoveFilesAsync(item.JobId, item.Artifact, () => Remove(item.Path), cancellationToken).ConfigureAwait(false))
                {
                    gone.Add(item);
                    await tell(item).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                failed.Add((item, error.Message));
            }
        }

        return new CleanUpResult(gone, failed);
    }

    private static bool Remove(string path)
    {
        if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
        {
            Directory.Delete(path, recursive: true);
            return true;
        }

        var wasThere = Path.Exists(path);
        File.Delete(path);
        return wasThere;
    }
}
