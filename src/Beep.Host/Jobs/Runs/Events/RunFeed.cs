using System.Runtime.CompilerServices;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Live;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>
/// What happens to a job, as it happens, for any number of viewers: one of them reads the file for all, and who goes on from a number gets
/// everything after it once and in order, whichever host answers.
/// </summary>
internal sealed class RunFeed(HostPaths paths, RunStates states, TaskSignals signals, TimeProvider time, ILogger<RunFeed> logger) : IAsyncDisposable
{
    private const int Batch = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, RunTail> _tails = new(StringComparer.Ordinal);

    /// <summary>Everything after a place, to the end of the job.</summary>
    public async IAsyncEnumerable<LiveEvent> WatchAsync(Job job, RunCursor after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = EventsOf(job.Id);
        var tail = Enter(job, path);
        try
        {
            await tail.Began.WaitAsync(cancellationToken).ConfigureAwait(false);
            var offset = -1L;
            while (true)
            {
                var look = tail.Look(after, Batch);
                var events = look.Events;
                if (look.IsBehind)
                {
                    (events, offset) = RunEventFile.Read(path, offset < 0 ? RunEventFile.Locate(path, after.Seq) : offset, after.Seq, Batch);
                    // What is no longer in the file, whoever took it away, is waited for by nobody.
                    after = events.Count == 0 ? after with { Seq = look.BaseSeq } : after;
                }

                var isAll = !look.IsBehind && events.Count < Batch;
                var before = after;
                foreach (var happened in Merge(events, look.States, isAll))
                {
                    after = happened is RunEvent one ? after with { Seq = one.Seq } : after with { States = after.States + 1 };
                    yield return Describe(happened, after);
                }

                if (isAll && after == before)
                {
                    if (look.HasEnded)
                    {
                        yield break;
                    }

                    await look.Change.WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await LeaveAsync(job.Id, tail).ConfigureAwait(false);
        }
    }

    /// <summary>What is there now after a place, and whether the job has ended and that was all.</summary>
    public async Task<(IReadOnlyList<LiveEvent> Events, RunCursor Next, bool IsOver)> ReadAsync(Job job, RunCursor after, int most, CancellationToken cancellationToken)
    {
        // The states first: when the job has ended by then, the file is whole.
        var (noted, hasEnded) = await states.ReadAsync(job.Seq, 0, cancellationToken).ConfigureAwait(false);
        var path = EventsOf(job.Id);
        var (events, _) = RunEventFile.Read(path, RunEventFile.Locate(path, after.Seq), after.Seq, most);
        List<LiveEvent> page = [];
        foreach (var happened in Merge(events, [.. noted.Skip(after.States)], events.Count < most).Take(most))
        {
            after = happened is RunEvent one ? after with { Seq = one.Seq } : after with { States = after.States + 1 };
            page.Add(Describe(happened, after));
        }

        return (page, after, hasEnded && page.Count < most);
    }

    public async ValueTask DisposeAsync()
    {
        List<RunTail> left;
        lock (_gate)
        {
            left = [.. _tails.Values];
            _tails.Clear();
        }

        foreach (var tail in left)
        {
            await tail.DisposeAsync().ConfigureAwait(false);
        }
    }

    private string EventsOf(string jobId) => new Contracts.JobFolder(paths.Job(jobId)).Events;

    /// <summary>Each kind in its own order, and by time among each other; what the host noted after the last event waits until the events are all read.</summary>
    private static IEnumerable<object> Merge(IReadOnlyList<RunEvent> events, IReadOnlyList<RunState> states, bool isAll)
    {
        var next = 0;
        foreach (var happened in events)
        {
            for (; next < states.Count && states[next].At <= happened.At; next++)
            {
                yield return states[next];
            }

            yield return happened;
        }

        for (; isAll && next < states.Count; next++)
        {
            yield return states[next];
        }
    }

    private static LiveEvent Describe(object happened, RunCursor place) => happened switch
    {
        RunEvent said => new LiveEvent(place.Number, said.Type, said.Data),
        RunState noted => new LiveEvent(place.Number, RunState.Type, noted.Data),
        _ => throw new ArgumentOutOfRangeException(nameof(happened)),
    };

    private RunTail Enter(Job job, string path)
    {
        lock (_gate)
        {
            if (!_tails.TryGetValue(job.Id, out var tail))
            {
                _tails[job.Id] = tail = new RunTail(path, job.Seq, states, signals, time, logger);
            }

            tail.Viewers++;
            return tail;
        }
    }

    private async ValueTask LeaveAsync(string jobId, RunTail tail)
    {
        lock (_gate)
        {
            if (--tail.Viewers > 0 || !_tails.TryGetValue(jobId, out var current) || current != tail)
            {
                return;
            }

            _tails.Remove(jobId);
        }

        await tail.DisposeAsync().ConfigureAwait(false);
    }
}
