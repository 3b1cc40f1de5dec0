using System.Runtime.CompilerServices;
using System.Text.Json;
using Beep.Host.Hosting.Live;

namespace Beep.Host.Tasks;

/// <summary>What happens to tasks, as it happens, on this host and on the others that share the database.</summary>
internal sealed class TaskFeed(TaskReader reader, TaskSignals signals, TaskOptions options, TimeProvider time) : IAsyncDisposable
{
    private const int Batch = 200;
    // Many small changes are one look.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private int _watchers;
    private Task _polling = Task.CompletedTask;

    /// <summary>Every change from now on, for pages. The sequence ends when a single task that is watched has ended.</summary>
    public async IAsyncEnumerable<TaskChange> WatchAsync(TaskFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var happened in FollowAsync(filter, after: null, cancellationToken).ConfigureAwait(false))
        {
            var task = JsonSerializer.Deserialize<TaskView>(happened.Data, TaskJson.Options)!;
            if ((filter.Kind is null || filter.Kind == task.Kind) && (filter.Status is null || filter.Status.Value.Word() == task.Status))
            {
                yield return new TaskChange(happened.Seq, happened.Type, task);
            }
        }
    }

    /// <summary>Every change after a number, or from now on.</summary>
    public async IAsyncEnumerable<LiveEvent> WatchLiveAsync(TaskFilter filter, long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var happened in FollowAsync(filter, after, cancellationToken).ConfigureAwait(false))
        {
            yield return new LiveEvent(happened.Seq, happened.Type, JsonSerializer.Deserialize<JsonElement>(happened.Data));
        }
    }

    /// <summary>One task from its first change, or from after a number, to its last; nothing when the last one was seen.</summary>
    public async Task<IAsyncEnumerable<LiveEvent>> WatchTaskAsync(TaskRow task, long? after, CancellationToken cancellationToken)
    {
        var filter = new TaskFilter { Seq = task.Seq };
        var hasMore = !task.Status.IsEnd() || (await reader.EventsAsync(filter, after ?? 0, 1, cancellationToken).ConfigureAwait(false)).Count > 0;
        return hasMore ? WatchLiveAsync(filter, after ?? 0, cancellationToken) : AsyncEnumerable.Empty<LiveEvent>();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _polling.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async IAsyncEnumerable<TaskEventRow> FollowAsync(TaskFilter filter, long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            var seq = after ?? await reader.LastEventAsync(cancellationToken).ConfigureAwait(false);
            while (true)
            {
                var change = signals.NextChange;
                var events = await reader.EventsAsync(filter, seq, Batch, cancellationToken).ConfigureAwait(false);
                foreach (var happened in events)
                {
                    seq = happened.Seq;
                    yield return happened;
                    if (filter.Seq is not null && happened.Type == TaskEventTypes.Finished)
                    {
                        yield break;
                    }
                }

                if (events.Count < Batch)
                {
                    await change.WaitAsync(cancellationToken).ConfigureAwait(false);
                    await Task.Delay(Gather, time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
        }
    }

    private void Enter()
    {
        lock (_gate)
        {
            _watchers++;
            if (_polling.IsCompleted)
            {
                _polling = Task.Run(PollAsync);
            }
        }
    }

    /// <summary>While anybody watches, one look a second for all finds what other hosts did.</summary>
    private async Task PollAsync()
    {
        var last = -1L;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var now = await reader.LastEventAsync(_stop.Token).ConfigureAwait(false);
                if (now != last)
                {
                    last = now;
                    signals.Changed();
                }
            }
            catch (Exception error) when (TaskFaults.IsDatabaseAway(error) || error is OperationCanceledException)
            {
                // Looked at again in a second.
            }

            await Task.Delay(options.Poll, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate)
            {
                if (Volatile.Read(ref _watchers) == 0)
                {
                    _polling = Task.CompletedTask;
                    return;
                }
            }
        }
    }
}

/// <summary>A change of a task.</summary>
internal sealed record TaskChange(long Seq, string Type, TaskView Task);
