using System.Collections.Concurrent;
using System.Globalization;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Gpus;
using Beep.Host.Hosting.Processes;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Tasks;

/// <summary>Runs tasks on this host, as many at a time as there is room for, and keeps saying that they are its own.</summary>
internal sealed partial class TaskRunner(
    TaskStore store,
    TaskReader reader,
    TaskHandlers handlers,
    TaskSignals signals,
    LostTasks lost,
    TaskSchedule schedule,
    TaskOptions options,
    GpuMonitor gpus,
    HostPaths paths,
    TaskMeters meters,
    ServerRestart restart,
    TimeProvider time,
    ILogger<TaskRunner> logger) : BackgroundService
{
    // Several that end or come at about the same time are one look.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<long, (RunningTask Task, Task Ended)> _running = new();
    private readonly TaskSlots _slots = new(options, time);
    private GpuTurns? _turns;
    private int _cancels;
    private long _lookedForCancels;

    /// <summary>This run of this host; two in one process are two.</summary>
    public string HostId { get; } = $"{ProcessIdentity.Current}/{Guid.NewGuid().ToString("N")[..8]}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Log.Begins(logger, options);
        using var beating = new CancellationTokenSource();
        var beats = BeatAsync(beating.Token);
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = signals.NextWork;
            await GuardAsync(LookAsync, stoppingToken).ConfigureAwait(false);
            await ((Task)Task.WhenAny(next, Task.Delay(options.Poll, time, stoppingToken))).ConfigureAwait(false);
            await Task.Delay(Gather, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var (task, _) in _running.Values)
        {
            task.Stop(restart.Wanted.IsCompleted ? StopReason.HostRestarts : StopReason.HostStops);
        }

        await Task.WhenAll(_running.Values.Select(running => running.Ended)).ConfigureAwait(false);
        await beating.CancelAsync().ConfigureAwait(false);
        await beats.ConfigureAwait(false);
    }

    /// <summary>Stops what is wanted to stop and begins what waits.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var cancels = signals.Cancels;
        if (!_running.IsEmpty && (cancels != _cancels || time.GetElapsedTime(_lookedForCancels) >= options.Poll / 2))
        {
            (_cancels, _lookedForCancels) = (cancels, time.GetTimestamp());
            foreach (var seq in await reader.CancellingAsync(HostId, cancellationToken).ConfigureAwait(false))
            {
                if (_running.TryGetValue(seq, out var running))
                {
                    running.Task.Stop(StopReason.Cancelled);
                }
            }
        }

        var offers = _slots.Offers();
        if (offers.Count > 0 && await reader.AnyWaitingAsync(handlers.Kinds, [.. offers.Select(offer => offer.Class)], cancellationToken).ConfigureAwait(false))
        {
            await ClaimAsync(offers, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ClaimAsync(IReadOnlyList<(string Class, int Most)> offers, CancellationToken cancellationToken)
    {
        Dictionary<long, TakenSlot> slots = [];
        try
        {
            IReadOnlyList<GpuReading> readings = offers.Any(offer => ResourceClass.GpusOf(offer.Class) > 0) ? await gpus.ReadAsync(cancellationToken).ConfigureAwait(false) : [];
            (_turns ??= new GpuTurns(_slots)).Begin();
            var renewed = time.GetTimestamp();
            foreach (var row in await store.ClaimAsync(HostId, options.Lease, handlers.Kinds, offers, row => Take(row, readings), cancellationToken).ConfigureAwait(false))
            {
                slots.Remove(row.Seq, out var slot);
                Begin(row, slot!, adopted: null, renewed);
            }

            _turns.End();
        }
        finally
        {
            foreach (var slot in slots.Values)
            {
                _slots.GiveBack(slot);
            }
        }

        bool Take(TaskRow row, IReadOnlyList<GpuReading> readings)
        {
            if (_turns!.TryTake(row.Seq, row.ResourceClass, handlers.Find(row.Kind)?.NeedOf(row), readings) is not { } slot)
            {
                return false;
            }

            slots[row.Seq] = slot;
            return true;
        }
    }

    private void Begin(TaskRow row, TakenSlot slot, ProcessIdentity? adopted, long renewed)
    {
        var task = new RunningTask(row, HostId, handlers.Find(row.Kind)!, slot, adopted, store, options, paths, time, logger) { RenewedAt = renewed };
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[row.Seq] = (task, RunAsync(task, begin.Task));
        begin.SetResult();
    }

    /// <summary>Goes on with a task whose process runs, with the GPUs that the process was given; null where its work is elsewhere.</summary>
    private void Adopt(TaskRow row, ProcessIdentity? process)
    {
        List<int> held = process is not null && OperatingSystem.IsLinux() && ResourceClass.GpusOf(row.ResourceClass) > 0 && ProcessTable.ReadVariable(process.Pid, TaskRun.GpuVariable) is { } listed
            ? [.. from number in listed.Split(',') where int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _) select int.Parse(number, CultureInfo.InvariantCulture)]
            : [];
        Begin(row, _slots.TakeHeld(row.ResourceClass, held), process, time.GetTimestamp());
    }

    private async Task RunAsync(RunningTask task, Task begin)
    {
        await begin.ConfigureAwait(false);
        meters.Running(task.Kind, 1);
        try
        {
            await task.RunAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The task keeps its state and is taken over when its lease has run out.
            Log.Broken(logger, task.Kind, error);
        }
        finally
        {
            meters.Running(task.Kind, -1);
            _running.TryRemove(task.Lease.Seq, out _);
            task.Dispose();
            _slots.GiveBack(task.Slot);
            signals.Wake();
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await GuardAsync(RenewAsync, cancellationToken).ConfigureAwait(false);
            foreach (var (task, _) in _running.Values.Where(running => time.GetElapsedTime(running.Task.RenewedAt) >= options.Lease - options.Beat))
            {
                task.Stop(StopReason.Lost);
            }

            await GuardAsync(token => lost.RecoverAsync(HostId, [.. _running.Keys], Adopt, token), cancellationToken).ConfigureAwait(false);
            await GuardAsync(schedule.KeepAsync, cancellationToken).ConfigureAwait(false);
            await Task.Delay(options.Beat, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var mine = _running.ToArray();
        if (mine.Length == 0)
        {
            return;
        }

        var renewed = time.GetTimestamp();
        // A database that does not answer must not keep the leases from being given up in time.
        var held = (await store.RenewAsync(HostId, options.Lease, [.. mine.Select(running => running.Key)], cancellationToken).WaitAsync(options.Beat, time, cancellationToken).ConfigureAwait(false))
            .ToDictionary(task => task.Seq, task => task.Attempt);
        foreach (var (seq, (task, _)) in mine)
        {
            if (held.TryGetValue(seq, out var attempt) && attempt == task.Lease.Attempt)
            {
                task.RenewedAt = renewed;
            }
            else
            {
                task.Stop(StopReason.Lost);
            }
        }
    }

    /// <summary>Nothing that fails here may end the runner: the database may be away for a while.</summary>
    private async Task GuardAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The host stops.
        }
        catch (Exception error)
        {
            Log.NotDone(logger, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Tasks are run here at a time: {Options}.")]
        public static partial void Begins(ILogger logger, TaskOptions options);

        [LoggerMessage(2, LogLevel.Error, "The queue of tasks could not be worked on; trying again.")]
        public static partial void NotDone(ILogger logger, Exception error);

        [LoggerMessage(3, LogLevel.Error, "A run of a task of the kind {Kind} broke off.")]
        public static partial void Broken(ILogger logger, string kind, Exception error);
    }
}
