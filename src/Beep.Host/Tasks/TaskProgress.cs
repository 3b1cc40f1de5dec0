namespace Beep.Host.Tasks;

/// <summary>
/// How far a run is, stored now and then: a handler may report as often as it likes. The last report is always stored, at the
/// latest when the pause is over.
/// </summary>
internal sealed class TaskProgress(TaskStore store, TaskLease lease, TaskOptions options, TimeProvider time, Action lost) : IAsyncDisposable
{
    private const int MostSteps = 100;
    private const int LongestPauseFactor = 20;
    // A task that runs for hours stores some thousand reports, not some hundred thousand.
    private const double ShareOfElapsed = 0.002;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _ended = new();
    private readonly List<TaskStep> _steps = [];
    private readonly long _started = time.GetTimestamp();
    private long? _written;
    private Task? _later;
    private int _progress;
    private string? _message;

    /// <summary>What was said last.</summary>
    public string? Message
    {
        get
        {
            lock (_gate)
            {
                return _message;
            }
        }
    }

    /// <summary>Stores it, at once or a little later.</summary>
    public async Task ReportAsync(int progress, string? message, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            (_progress, _message) = (progress, message ?? _message);
            var wait = Pause() - (_written is { } written ? time.GetElapsedTime(written) : TimeSpan.MaxValue / 2);
            if (wait > TimeSpan.Zero)
            {
                _later ??= WriteLaterAsync(wait);
                return;
            }
        }

        await WriteAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins a step, or says how one went; stored at once.</summary>
    public Task StepAsync(TaskStep step, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var index = _steps.FindIndex(known => known.Name == step.Name);
            if (index >= 0)
            {
                _steps[index] = step;
            }
            else if (_steps.Count < MostSteps)
            {
                _steps.Add(step);
            }
        }

        return WriteAsync(cancellationToken);
    }

    /// <summary>What is not stored by now is stored with the end of the task.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        Task? later;
        lock (_gate)
        {
            later = _later;
        }

        await (later ?? Task.CompletedTask).ConfigureAwait(false);
        _writing.Dispose();
        _ended.Dispose();
    }

    private TimeSpan Pause() =>
        TimeSpan.FromTicks(Math.Clamp((long)(time.GetElapsedTime(_started).Ticks * ShareOfElapsed), options.ReportEvery.Ticks, options.ReportEvery.Ticks * LongestPauseFactor));

    private async Task WriteLaterAsync(TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, time, _ended.Token).ConfigureAwait(false);
            await WriteAsync(_ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            (int Progress, string? Message, TaskStep[] Steps) now;
            lock (_gate)
            {
                now = (_progress, _message, [.. _steps]);
                (_written, _later) = (time.GetTimestamp(), null);
            }

            if (!await store.ReportAsync(lease, now.Progress, now.Message, now.Steps, cancellationToken).ConfigureAwait(false))
            {
                lost();
            }
        }
        catch (Exception error) when (TaskFaults.IsDatabaseAway(error))
        {
            // A report is not worth the work; the next one tries again, and the heartbeat logs what is wrong.
        }
        finally
        {
            _writing.Release();
        }
    }
}
