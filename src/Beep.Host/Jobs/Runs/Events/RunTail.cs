using Beep.Contracts;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>What a viewer gets at one look.</summary>
/// <param name="IsBehind">The viewer's next event is no longer kept: it is in the file.</param>
/// <param name="BaseSeq">The number of the last event that is no longer kept.</param>
/// <param name="Events">What the worker said since.</param>
/// <param name="States">What the host noted since.</param>
/// <param name="HasEnded">Nothing more comes.</param>
/// <param name="Change">Completes when there is more.</param>
internal sealed record TailLook(bool IsBehind, long BaseSeq, IReadOnlyList<RunEvent> Events, IReadOnlyList<RunState> States, bool HasEnded, Task Change);

/// <summary>
/// The one reader of a job that is watched. It keeps the last events for whoever keeps up and waits for nobody: who falls behind reads
/// the file. Polled: file watchers miss writes on network file systems.
/// </summary>
internal sealed partial class RunTail : IAsyncDisposable
{
    private const int MostEvents = 4096;
    private const long MostBytes = 4L << 20;
    private const int Batch = 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan StateInterval = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly long _jobSeq;
    private readonly RunStates _reader;
    private readonly TaskSignals _signals;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<RunEvent> _events = [];
    private readonly List<RunState> _states = [];
    // Read from the database and not told yet: what the worker had said before is told first.
    private readonly List<RunState> _noted = [];
    private readonly TaskCompletionSource _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _following;
    private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _baseSeq;
    private long _baseOffset;
    private bool _hasEnded;
    private bool _isOver;

    public RunTail(string path, long jobSeq, RunStates reader, TaskSignals signals, TimeProvider time, ILogger logger)
    {
        (_path, _jobSeq, _reader, _signals, _time, _logger) = (path, jobSeq, reader, signals, time, logger);
        _following = Task.WhenAll(Task.Run(FollowStatesAsync), Task.Run(FollowEventsAsync));
    }

    /// <summary>How many watch; counted by <see cref="RunFeed"/>.</summary>
    public int Viewers { get; set; }

    /// <summary>Completes when the first look was taken.</summary>
    public Task Began => _began.Task;

    /// <summary>What came after a place.</summary>
    public TailLook Look(RunCursor after, int most)
    {
        lock (_gate)
        {
            var isBehind = after.Seq < _baseSeq;
            var from = isBehind ? 0 : FirstAfter(after.Seq);
            return new TailLook(
                isBehind, _baseSeq,
                isBehind ? [] : _events.GetRange(from, Math.Min(most, _events.Count - from)),
                _states.GetRange(Math.Min(after.States, _states.Count), Math.Max(0, _states.Count - after.States)),
                _hasEnded, _change.Task);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowEventsAsync()
    {
        var (seq, offset) = (0L, 0L);
        try
        {
            (_baseSeq, _baseOffset) = (seq, offset) = RunEventFile.End(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FaultException)
        {
            Log.Unreadable(_logger, _path, error.Message);
        }

        await _looked.Task.ConfigureAwait(false);
        while (!_stop.IsCancellationRequested)
        {
            // Asked before reading: what was written before the end, or before something was noted, is read after it.
            var (isOver, noted) = Noted();
            var before = offset;
            try
            {
                (var events, offset) = RunEventFile.Read(_path, offset, seq, Batch);
                seq = events.Count > 0 ? events[^1].Seq : seq;
                Add(events, isOver && events.Count == 0, events.Count < Batch ? noted : 0);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or FaultException)
            {
                // Read again: a network file system may be back soon, and a program that cannot read it says so to every viewer who asks for it.
                Log.Unreadable(_logger, _path, error.Message);
                Add([], isOver, noted);
                await Task.Delay(StateInterval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            _began.TrySetResult();
            if (offset == before)
            {
                await Task.Delay(Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        _began.TrySetResult();
    }

    private async Task FollowStatesAsync()
    {
        var row = 0L;
        while (!_stop.IsCancellationRequested)
        {
            var changed = _signals.NextChange;
            try
            {
                var (states, hasEnded) = await _reader.ReadAsync(_jobSeq, row, _stop.Token).ConfigureAwait(false);
                row = states.Count > 0 ? states[^1].RowSeq : row;
                Note(states, hasEnded);
            }
            catch (Exception error) when (TaskFaults.IsDatabaseAway(error) || error is OperationCanceledException)
            {
                // Looked at again in a second.
            }

            _looked.TrySetResult();
            await Task.WhenAny(changed, Task.Delay(StateInterval, _time, _stop.Token)).ConfigureAwait(false);
            // Many changes are one look.
            await Task.Delay(Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _looked.TrySetResult();
    }

    /// <summary>Whether the job has ended, and how much was noted that is not told yet.</summary>
    private (bool IsOver, int Count) Noted()
    {
        lock (_gate)
        {
            return (_isOver, _noted.Count);
        }
    }

    /// <param name="events">What the worker said.</param>
    /// <param name="hasEnded">Whether that is all.</param>
    /// <param name="noted">How much of what was noted may be told by now.</param>
    private void Add(IReadOnlyList<RunEvent> events, bool hasEnded, int noted)
    {
        lock (_gate)
        {
            _events.AddRange(events);
            _states.AddRange(_noted.Take(noted));
            _noted.RemoveRange(0, noted);
            var isNews = events.Count > 0 || noted > 0 || hasEnded != _hasEnded;
            _hasEnded = hasEnded;
            Trim();
            if (isNews)
            {
                Publish();
            }
        }
    }

    private void Note(IReadOnlyList<RunState> states, bool hasEnded)
    {
        lock (_gate)
        {
            _noted.AddRange(states);
            _isOver = hasEnded;
        }
    }

    /// <summary>Forgets the oldest, half of them at a time.</summary>
    private void Trim()
    {
        if (_events.Count == 0 || (_events.Count <= MostEvents && _events[^1].NextOffset - _baseOffset <= MostBytes))
        {
            return;
        }

        var enough = _events[^1].NextOffset - (MostBytes / 2);
        var gone = Math.Max(_events.Count - (MostEvents / 2), _events.FindIndex(kept => kept.NextOffset > enough));
        gone = Math.Clamp(gone, 0, _events.Count - 1);
        if (gone > 0)
        {
            (_baseSeq, _baseOffset) = (_events[gone - 1].Seq, _events[gone - 1].NextOffset);
            _events.RemoveRange(0, gone);
        }
    }

    private void Publish()
    {
        var change = _change;
        _change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        change.SetResult();
    }

    private int FirstAfter(long seq)
    {
        var (low, high) = (0, _events.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _events[middle].Seq <= seq ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The events in '{Path}' cannot be read: {Reason}")]
        public static partial void Unreadable(ILogger logger, string path, string reason);
    }
}
