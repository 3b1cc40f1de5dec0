namespace Beep.Host.Setup.Unlocking;

/// <summary>So many times in a minute, whoever does it.</summary>
internal sealed class SlidingLimit(int times, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Queue<DateTimeOffset> _taken = new();
    private readonly Lock _lock = new();

    /// <summary>How long to wait; null when one is free now. Takes none.</summary>
    public TimeSpan? Wait()
    {
        lock (_lock)
        {
            return Find();
        }
    }

    /// <summary>Takes one and returns null, or says how long to wait.</summary>
    public TimeSpan? Take()
    {
        lock (_lock)
        {
            if (Find() is { } wait)
            {
                return wait;
            }

            _taken.Enqueue(time.GetUtcNow());
            return null;
        }
    }

    private TimeSpan? Find()
    {
        var now = time.GetUtcNow();
        while (_taken.TryPeek(out var oldest) && now - oldest >= Window)
        {
            _taken.Dequeue();
        }

        return _taken.Count < times ? null : _taken.Peek() + Window - now;
    }
}
