using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Datasets.Tus;
using Beep.Host.Hosting;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets;

/// <summary>Removes uploads that nobody goes on with, and files of datasets that are deleted or never came to be.</summary>
internal sealed class CleanUpDatasets(TusStore uploads, FineTuneDatabase database, DatasetOptions options, HostPaths paths, TimeProvider time) : ITaskHandler
{
    private static readonly TimeSpan Hourly = TimeSpan.FromHours(1);

    public string Kind => "datasets.cleanup";

    public TaskRepeat? Repeat { get; } = new("Remove stale uploads", Hourly);

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var removed = uploads.RemoveStale(cancellationToken);
        var orphans = await RemoveOrphansAsync(cancellationToken);
        await run.ReportAsync(100, $"{Units.Count(removed, "upload")} and {Units.Count(orphans, "folder")} removed.", cancellationToken);
        return new JsonObject { ["uploads"] = removed, ["folders"] = orphans };
    }

    private async Task<int> RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        var before = time.GetUtcNow() - options.UploadExpiry;
        await using var context = database.CreateContext();
        foreach (var folder in Directory.Exists(paths.Datasets) ? Directory.GetDirectories(paths.Datasets) : [])
        {
            var id = Path.GetFileName(folder);
            var dataset = await context.Set<Dataset>().AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
            // One that no row speaks of may be of a change that is not committed yet.
            if (dataset is { DeletedAt: not null } || (dataset is null && PublicId.IsOne(id) && Directory.GetLastWriteTimeUtc(folder) < before.UtcDateTime))
            {
                Directory.Delete(folder, recursive: true);
                count++;
            }
        }

        return count;
    }
}
