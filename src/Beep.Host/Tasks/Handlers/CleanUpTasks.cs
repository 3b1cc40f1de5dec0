using System.Text.Json.Nodes;
using Beep.Host.Hosting;

namespace Beep.Host.Tasks.Handlers;

/// <summary>Removes tasks that ended long ago, with their events and, in this home, their logs.</summary>
internal sealed class CleanUpTasks(TaskStore store, TaskOptions options, HostPaths paths, TimeProvider time) : ITaskHandler
{
    public const string KindName = "tasks.cleanup";

    private const int Batch = 500;

    public string Kind => KindName;

    public TaskRepeat? Repeat { get; } = new("Remove old tasks", options.CleanUpEvery);

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - options.Retention;
        var count = 0;
        for (IReadOnlyList<string> removed; (removed = await store.RemoveFinishedAsync(before, Batch, cancellationToken).ConfigureAwait(false)).Count > 0;)
        {
            count += removed.Count;
            foreach (var id in removed)
            {
                File.Delete(TaskLog.PathOf(paths, id));
            }

            await run.ReportAsync(0, $"{Units.Count(count, "task")} removed.", cancellationToken).ConfigureAwait(false);
        }

        // Of tasks whose row another host removed.
        foreach (var log in new DirectoryInfo(paths.TaskLogs).EnumerateFiles("*.log").Where(log => log.LastWriteTimeUtc < before.UtcDateTime))
        {
            cancellationToken.ThrowIfCancellationRequested();
            log.Delete();
        }

        return new JsonObject { ["removed"] = count };
    }
}
