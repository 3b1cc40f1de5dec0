namespace Beep.Host.Tests.Environments;

/// <summary>A clock that stands, with one span of time that is over when a test says so. All other timers are the system's.</summary>
internal sealed class HeldTime : TimeProvider
{
    /// <summary>The span.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(71);

    private readonly Lock _gate = new();
    private readonly List<HeldTimer> _running = [];
    private int _begun;

    /// <summary>How often the span began, and how often it runs now.</summary>
    public (int Begun, int Running) Count
    {
        get
        {
            lock (_gate)
            {
                return (_begun, _running.Count);
            }
        }
    }

    /// <summary>Waits until it began and runs so often, then ends it wherever it runs.</summary>
    public async Task EndAsync(int begun, int running)
    {
        while (Count != (begun, running))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        HeldTimer[] ended;
        lock (_gate)
        {
            ended = [.. _running];
        }

        foreach (var timer in ended)
        {
            timer.End();
        }
    }

    public override long GetTimestamp() => 0;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Span)
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        var timer = new HeldTimer(this, () => callback(state));
        lock (_gate)
        {
            _begun++;
            _running.Add(timer);
        }

        return timer;
    }

    private sealed class HeldTimer(HeldTime time, Action end) : ITimer
    {
        public void End() => end();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            lock (time._gate)
            {
                time._running.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
