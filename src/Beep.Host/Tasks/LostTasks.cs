using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tasks;

/// <summary>
/// Finds tasks whose host has ended or fallen silent. A process that was to outlive it is taken over; of all others what runs on this
/// machine is ended, and only then the task begins again or fails.
/// </summary>
internal sealed partial class LostTasks(TaskStore store, TaskReader reader, TaskHandlers handlers, TaskOptions options, HostPaths paths, TimeProvider time, ILogger<LostTasks> logger)
{
    /// <summary>Looks once.</summary>
    /// <param name="hostId">Who looks.</param>
    /// <param name="mine">What it runs.</param>
    /// <param name="adopt">Goes on with a task whose process runs.</param>
    /// <param name="cancellationToken">Stops between two tasks.</param>
    public async Task RecoverAsync(string hostId, IReadOnlyCollection<long> mine, Action<TaskRow, ProcessIdentity?> adopt, CancellationToken cancellationToken)
    {
        if ((await reader.HostsAsync(mine, cancellationToken).ConfigureAwait(false)).Count == 0)
        {
            return;
        }

        foreach (var row in await store.TakeOverAsync(hostId, options, mine, handlers.Kinds, IsDead, cancellationToken).ConfigureAwait(false))
        {
            if (handlers.Find(row.Kind)!.WhenLost == WhenLost.Adopt && ProcessIdentity.Parse(row.Process) is { } process && process.IsAlive())
            {
                Log.Adopted(logger, row.Kind, row.Id, process);
                adopt(row, process);
                continue;
            }

            if (handlers.Find(row.Kind)!.WhenLost == WhenLost.Adopt && row.ResourceClass == ResourceClass.Remote)
            {
                Log.Watched(logger, row.Kind, row.Id);
                adopt(row, null);
                continue;
            }

            await RecoverAsync(row, new TaskLease(row.Seq, hostId, row.Attempts), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RecoverAsync(TaskRow row, TaskLease lease, CancellationToken cancellationToken)
    {
        // By its mark too: the host may have died before it could write the child down.
        var child = ProcessIdentity.Parse(row.Process);
        if (!await new ProcessGroup(child is { IsOnThisMachine: true } ? child : null, row.Id).EndAsync(TimeSpan.Zero, time).ConfigureAwait(false))
        {
            // The lease runs out, and somebody tries again.
            Log.NotEnded(logger, row.Kind, row.Id);
            return;
        }

        RemoveFolder(row);
        Log.Recovered(logger, row.Kind, row.Id, row.Attempts);
        if (row.CancelRequestedAt is not null || (handlers.Find(row.Kind)!.WhenLost != WhenLost.Fail && row.Attempts < options.MostAttempts))
        {
            await store.RequeueAsync(lease, "host_lost", isAttempt: true, cancellationToken).ConfigureAwait(false);
            return;
        }

        var fault = handlers.Find(row.Kind)!.WhenLost != WhenLost.Fail ? TaskFaults.TooManyAttempts(row.Attempts) : TaskFaults.HostLost;
        await store.FinishAsync(lease, new TaskEnd(TaskState.Failed) { Fault = fault }, cancellationToken).ConfigureAwait(false);
    }

    private void RemoveFolder(TaskRow row)
    {
        try
        {
            Directory.Delete(Path.Combine(paths.TaskFolders, row.Id), recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // There is none, or it holds what cannot be removed.
        }
    }

    /// <summary>Seen to have ended, which only its own machine can do; of any other only the lease tells.</summary>
    private static bool IsDead(string hostId) => ProcessIdentity.Parse(hostId) is { IsOnThisMachine: true } host && !host.IsAlive();

    private static partial class Log
    {
        [LoggerMessage(4, LogLevel.Information, "The task {Kind} {Id}, whose work is elsewhere, is watched from here now.")]
        public static partial void Watched(ILogger logger, string kind, string id);

        [LoggerMessage(3, LogLevel.Information, "The task {Kind} {Id} is taken over with its process {Process}.")]
        public static partial void Adopted(ILogger logger, string kind, string id, ProcessIdentity process);

        [LoggerMessage(1, LogLevel.Warning, "The host of the task {Kind} {Id} is lost in attempt {Attempt}; nothing of it runs any more.")]
        public static partial void Recovered(ILogger logger, string kind, string id, int attempt);

        [LoggerMessage(2, LogLevel.Error, "The host of the task {Kind} {Id} is lost, and a process of it cannot be ended.")]
        public static partial void NotEnded(ILogger logger, string kind, string id);
    }
}
