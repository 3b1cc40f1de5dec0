using System.Diagnostics;
using System.Runtime.CompilerServices;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Jobs;

/// <summary>A worker at work, whose output is drained for as long as it lives.</summary>
internal sealed class RunningJob : IAsyncDisposable
{
    private readonly JobFolder _folder;
    private readonly Process _process;
    private readonly OutputLog _log;
    private readonly long _offset;
    private readonly CancellationTokenSource _drain = new();
    private readonly Task _ended;
    private readonly List<FailedEvent> _failures = [];
    private volatile bool _wasStoppedAtOnce;

    public RunningJob(JobFolder folder, Process process, OutputLog log, long offset)
    {
        (_folder, _process, _log, _offset) = (folder, process, log, offset);
        _ended = DrainAsync();
    }

    public int ProcessId => _process.Id;

    /// <summary>What the worker says from its start on, to its end. To be read once.</summary>
    public async IAsyncEnumerable<JobEvent> ReadEventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var jobEvent in EventTail.FollowAsync(_folder.Events, _offset, _ended, cancellationToken).ConfigureAwait(false))
        {
            if (jobEvent is FailedEvent failure)
            {
                _failures.Add(failure);
            }

            yield return jobEvent;
        }
    }

    /// <summary>Asks the worker to finish the step, save and stop.</summary>
    public void RequestStop()
    {
        Directory.CreateDirectory(_folder.Control);
        using var request = new FileStream(_folder.CancelRequest, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>Ends the worker and its children without saving; complete checkpoints stay.</summary>
    public void StopAtOnce()
    {
        _wasStoppedAtOnce = true;
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }

    /// <summary>How it ended; call it after the events are read.</summary>
    public async Task<JobOutcome> WaitAsync(CancellationToken cancellationToken)
    {
        await _ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        return JobOutcome.Of(_folder, _process.ExitCode, _wasStoppedAtOnce, _failures, _log.LastLines(JobOutcome.ShownLines));
    }

    /// <summary>Ends the worker if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_ended.IsCompleted)
        {
            StopAtOnce();
            await _ended.ConfigureAwait(false);
        }

        _process.Dispose();
        _log.Dispose();
        _drain.Dispose();
    }

    private async Task DrainAsync()
    {
        var pipes = Task.WhenAll(
            _log.CopyFromAsync(_process.StandardOutput.BaseStream, _drain.Token),
            _log.CopyFromAsync(_process.StandardError.BaseStream, _drain.Token));
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        await OutputLog.DrainAsync(pipes, _drain, TimeProvider.System).ConfigureAwait(false);
    }
}
