namespace Beep.Host.Tasks;

/// <summary>Calls within this process, so that nobody waits for the next look at the database.</summary>
internal sealed class TaskSignals
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _change = Fresh();
    private TaskCompletionSource _work = Fresh();
    private int _cancels;

    /// <summary>Ends when a task has changed; take it before looking.</summary>
    public Task NextChange
    {
        get
        {
            lock (_gate)
            {
                return _change.Task;
            }
        }
    }

    /// <summary>Ends when there is something to begin or to stop, or room to begin; take it before looking.</summary>
    public Task NextWork
    {
        get
        {
            lock (_gate)
            {
                return _work.Task;
            }
        }
    }

    public void Changed()
    {
        TaskCompletionSource called;
        lock (_gate)
        {
            (called, _change) = (_change, Fresh());
        }

        called.TrySetResult();
    }

    /// <summary>How often a running task was wanted to stop, by somebody in this process.</summary>
    public int Cancels => Volatile.Read(ref _cancels);

    public void Cancel()
    {
        Interlocked.Increment(ref _cancels);
        Wake();
    }

    public void Wake()
    {
        TaskCompletionSource called;
        lock (_gate)
        {
            (called, _work) = (_work, Fresh());
        }

        called.TrySetResult();
    }

    private static TaskCompletionSource Fresh() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
