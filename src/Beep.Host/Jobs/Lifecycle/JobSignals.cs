namespace Beep.Host.Jobs.Lifecycle;

/// <summary>Says within this process that jobs have changed, so that nobody waits for the next look at the database.</summary>
internal sealed class JobSignals
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _change = Fresh();

    /// <summary>Ends when a job has changed; take it before looking.</summary>
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

    public void Changed()
    {
        TaskCompletionSource called;
        lock (_gate)
        {
            (called, _change) = (_change, Fresh());
        }

        called.TrySetResult();
    }

    private static TaskCompletionSource Fresh() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
