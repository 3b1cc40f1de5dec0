using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Tasks;

/// <summary>Why a run is made to stop, each stronger than the one before.</summary>
internal enum StopReason
{
    None = 0,
    Cancelled = 1,

    /// <summary>The host begins again in a moment, and what outlives it goes on meanwhile.</summary>
    HostRestarts = 2,
    HostStops = 3,

    /// <summary>Another host has it, or may have it any moment: nothing may go on here.</summary>
    Lost = 4,
}

/// <summary>One run of a task on this host, from its claim to its end.</summary>
internal sealed partial class RunningTask : IDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly TaskRow _row;
    private readonly ITaskHandler _handler;
    private readonly TaskStore _store;
    private readonly TaskOptions _options;
    private readonly HostPaths _paths;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly ProcessIdentity? _adopted;
    private StopReason _reason;
    private TaskRun? _run;

    public RunningTask(TaskRow row, string hostId, ITaskHandler handler, TakenSlot slot, ProcessIdentity? adopted, TaskStore store, TaskOptions options, HostPaths paths, TimeProvider time, ILogger logger)
    {
        (_row, _handler, _store, _options, _paths, _time, _logger) = (row, handler, store, options, paths, time, logger);
        _adopted = adopted;
        (Slot, Lease, RenewedAt) = (slot, new TaskLease(row.Seq, hostId, row.Attempts), time.GetTimestamp());
    }

    public TaskLease Lease { get; }

    public string Kind => _row.Kind;

    public TakenSlot Slot { get; }

    /// <summary>When the lease was surely begun anew, as a timestamp of the clock that does not jump.</summary>
    public long RenewedAt { get; set; }

    /// <summary>Whether what it started goes on without this host. What is on a cluster does whenever nobody wants it to stop.</summary>
    private bool IsLeft => _handler.WhenLost == WhenLost.Adopt
        && (_reason == StopReason.HostRestarts || (_reason is StopReason.HostStops or StopReason.Lost && _row.ResourceClass == ResourceClass.Remote));

    private TimeSpan Grace => _reason switch
    {
        StopReason.Cancelled => _options.StopGrace,
        StopReason.HostStops or StopReason.HostRestarts => _options.ShutdownGrace,
        _ => TimeSpan.Zero,
    };

    /// <summary>Makes it stop; a stronger reason replaces a weaker one.</summary>
    public void Stop(StopReason reason)
    {
        lock (_gate)
        {
            if (reason <= _reason)
            {
                return;
            }

            _reason = reason;
        }

        // Children end whether or not the handler looks, and not on the time of the caller.
        _ = Task.Run(() =>
        {
            if (IsLeft)
            {
                _run?.LeaveProcesses();
            }

            try
            {
                _stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended by itself.
                return;
            }

            if (!IsLeft)
            {
                _ = _run?.EndProcessesAsync(Grace);
            }
        });
    }

    /// <summary>Does the work and stores how it ended.</summary>
    public async Task RunAsync()
    {
        TaskEnd end;
        try
        {
            var run = new TaskRun(_row, Lease, Slot.Gpus, _adopted, _store, _options, _paths, _time, () => Stop(StopReason.Lost));
            await using var _ = run.ConfigureAwait(false);
            _run = run;
            if (IsLeft)
            {
                run.LeaveProcesses();
            }

            end = await HandleAsync(run).ConfigureAwait(false);
            if (!IsLeft && !await run.EndProcessesAsync(Grace).ConfigureAwait(false))
            {
                Log.NotEnded(_logger, _row.Kind, _row.Id);
                end = Failed(new Fault("process_not_ended", "A process of the task could not be ended.", "Look for it on the host, which says more in its log."));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            end = Failed(new Fault("unwritable", $"The log or folder of the task cannot be written: {error.Message}", "Free space or correct the rights of the home."));
        }

        await StoreAsync(end).ConfigureAwait(false);
    }

    public void Dispose() => _stop.Dispose();

    private async Task<TaskEnd> HandleAsync(TaskRun run)
    {
        try
        {
            JsonObject? result = await _handler.RunAsync(run, _stop.Token).ConfigureAwait(false);
            return new TaskEnd(TaskState.Completed) { Message = run.LastMessage, Result = result?.ToJsonString(TaskJson.Options) };
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            return new TaskEnd(TaskState.Cancelled);
        }
        catch (FaultException error)
        {
            return Failed(error.Faults[0] with { Message = string.Join(' ', error.Faults.Select(fault => fault.Message)) });
        }
        catch (Exception error)
        {
            Log.Failed(_logger, _row.Kind, _row.Id, error);
            return Failed(new Fault("internal_error", $"The task '{_row.Name}' failed unexpectedly.", $"The log of the server says why; look for {_row.Id}."));
        }
    }

    private async Task StoreAsync(TaskEnd end)
    {
        while (_reason != StopReason.Lost)
        {
            try
            {
                var isStored = (end.State, _reason, _handler.WhenLost) switch
                {
                    (TaskState.Cancelled, StopReason.HostStops or StopReason.HostRestarts, WhenLost.Adopt) when IsLeft => await _store.LeaveAsync(Lease, CancellationToken.None).ConfigureAwait(false),
                    (TaskState.Cancelled, StopReason.HostStops or StopReason.HostRestarts, WhenLost.Restart or WhenLost.Adopt) => await _store.RequeueAsync(Lease, "host_stopped", isAttempt: false, CancellationToken.None).ConfigureAwait(false),
                    (TaskState.Cancelled, StopReason.HostStops or StopReason.HostRestarts, _) => await _store.FinishAsync(Lease, Failed(TaskFaults.HostStopped), CancellationToken.None).ConfigureAwait(false),
                    _ => await _store.FinishAsync(Lease, end, CancellationToken.None).ConfigureAwait(false),
                };
                if (!isStored)
                {
                    Log.Lost(_logger, _row.Kind, _row.Id);
                }

                return;
            }
            catch (Exception error) when (TaskFaults.IsDatabaseAway(error))
            {
                // The database is away. The lease ends this loop if it stays away.
                Log.NotStored(_logger, _row.Kind, _row.Id, error);
                await Task.Delay(TryAgain, _time).ConfigureAwait(false);
            }
        }

        Log.Lost(_logger, _row.Kind, _row.Id);
    }

    private static TaskEnd Failed(Fault fault) => new(TaskState.Failed) { Fault = fault };

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The task {Kind} {Id} failed.")]
        public static partial void Failed(ILogger logger, string kind, string id, Exception error);

        [LoggerMessage(2, LogLevel.Warning, "The task {Kind} {Id} is no longer this host's; its work here has stopped.")]
        public static partial void Lost(ILogger logger, string kind, string id);

        [LoggerMessage(3, LogLevel.Warning, "The end of the task {Kind} {Id} could not be stored; trying again.")]
        public static partial void NotStored(ILogger logger, string kind, string id, Exception error);

        [LoggerMessage(4, LogLevel.Error, "A process of the task {Kind} {Id} could not be ended.")]
        public static partial void NotEnded(ILogger logger, string kind, string id);
    }
}
