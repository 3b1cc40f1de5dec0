using System.Runtime.CompilerServices;
using Beep.Contracts;

namespace Beep.Host.Jobs;

/// <summary>Follows <c>events.jsonl</c> while a worker writes it.</summary>
internal static class EventTail
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Where the last whole line ends: what is behind it, the worker removes and writes over.</summary>
    public static long EndOf(string path)
    {
        var end = 0L;
        foreach (var line in EventReader.ReadFrom(path))
        {
            end = line.NextOffset;
        }

        return end;
    }

    /// <summary>The events from <paramref name="offset"/> on, until <paramref name="ended"/> completes and all are read.</summary>
    /// <remarks>Polled: file watchers miss writes on network file systems, where job folders may lie.</remarks>
    public static async IAsyncEnumerable<JobEvent> FollowAsync(
        string path, long offset, Task ended, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            // Asked before reading: what the worker wrote before it ended is read once more after it did.
            var isLast = ended.IsCompleted;
            foreach (var line in EventReader.ReadFrom(path, offset))
            {
                offset = line.NextOffset;
                if (line.Event is { } jobEvent)
                {
                    yield return jobEvent;
                }
            }

            if (isLast)
            {
                yield break;
            }

            await Task.WhenAny(ended, Task.Delay(Interval, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
