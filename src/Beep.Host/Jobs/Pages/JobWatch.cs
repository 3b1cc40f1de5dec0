using System.Runtime.CompilerServices;
using Beep.Host.Jobs.Lifecycle;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Jobs.Pages;

/// <summary>Tells pages when to look at jobs again, until the server stops: a page that nobody closed does not read on then.</summary>
internal sealed class JobWatch(JobSignals signals, IHostApplicationLifetime lifetime, TimeProvider time)
{
    // A run reports once a second; nobody reads faster.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    // What other hosts change is seen no later than this.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>One item for each time that something may have changed.</summary>
    public async IAsyncEnumerable<DateTimeOffset> TicksAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        while (!stop.IsCancellationRequested)
        {
            await ((Task)Task.WhenAny(signals.NextChange, Task.Delay(Longest, time, stop.Token))).ConfigureAwait(false);
            await Task.Delay(Shortest, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stop.IsCancellationRequested)
            {
                yield return time.GetUtcNow();
            }
        }
    }
}
