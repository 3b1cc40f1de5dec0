using Beep.Host.Tasks.Handlers;

namespace Beep.Host.Tasks;

/// <summary>Adds what the host wants done now and then.</summary>
internal sealed class TaskSchedule(TaskStore store, TaskHandlers handlers, TaskOptions options, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(10);

    private long? _looked;

    /// <summary>Adds what is due.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        if (handlers.Find(CleanUpTasks.KindName) is not { } handler || (_looked is { } looked && time.GetElapsedTime(looked) < LookEvery))
        {
            return;
        }

        _looked = time.GetTimestamp();
        await store.AddUnlessRecentAsync(new NewTask(CleanUpTasks.KindName, "Remove old tasks"), handler.ResourceClass, options.CleanUpEvery, cancellationToken).ConfigureAwait(false);
    }
}
