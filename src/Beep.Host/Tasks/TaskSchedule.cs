namespace Beep.Host.Tasks;

/// <summary>Adds what the host wants done now and then.</summary>
internal sealed class TaskSchedule(TaskStore store, TaskHandlers handlers, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(10);

    private long? _looked;

    /// <summary>Adds what is due.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        if (_looked is { } looked && time.GetElapsedTime(looked) < LookEvery)
        {
            return;
        }

        _looked = time.GetTimestamp();
        foreach (var handler in handlers.Kinds.Select(handlers.Find).OfType<ITaskHandler>())
        {
            if (handler.Repeat is { } repeat)
            {
                await store.AddUnlessRecentAsync(new NewTask(handler.Kind, repeat.Name), handler.ResourceClass, repeat.Every, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
