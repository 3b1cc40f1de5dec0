using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>A run on the cluster, watched from here.</summary>
internal sealed class SlurmRun(TaskRun task, JobFolder folder, SlurmRecord record, SlurmCommands commands, SlurmWatch watch, TimeProvider time) : IQueuedRun
{
    // The controller forgets a job some minutes after its end; one look without it may be chance.
    private const int LooksWithoutIt = 3;

    // The helper of Slurm and the worker say their last words at the same time.
    private const int LinesOfTheEnd = 200;

    // On a network file system what a node wrote is seen elsewhere a little later.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    // After the grace Slurm asks every process, waits its own while, and ends them.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromMinutes(3);

    private readonly long _number = record.Number ?? throw new ArgumentException("It was not handed over.", nameof(record));
    private SlurmRecord _record = record;
    private bool _isHanded;
    private bool _isUnclear;
    private bool _isStopped;

    public Func<RunPlace, Task>? Told { get; set; }

    public async Task<int?> WaitAsync(CancellationToken cancellationToken)
    {
        if (_record.State is null && !_isHanded)
        {
            _isHanded = true;
            await TellAsync(new RunPlace(RunPlaceKind.Handed, $"Slurm job {_number} is submitted")).ConfigureAwait(false);
        }

        for (var missing = 0; ;)
        {
            var reading = await watch.ReadAsync(_number, _record.Name, cancellationToken).ConfigureAwait(false);
            if (reading.Fault is { } fault)
            {
                await UnclearAsync(fault).ConfigureAwait(false);
                continue;
            }

            _isUnclear = false;
            missing = reading.Job is null ? missing + 1 : 0;
            if (reading.Job is { } job)
            {
                await TakeAsync(job).ConfigureAwait(false);
                if (!job.HasEnded)
                {
                    continue;
                }
            }
            else if (missing < LooksWithoutIt)
            {
                continue;
            }

            return await EndAsync(reading.Job, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Asks by the file, which the worker watches, and by the script; what does not stop within the grace is cancelled.</summary>
    public async Task<int?> StopAsync(TimeSpan grace)
    {
        _isStopped = true;
        AtomicFile.Write(folder.CancelRequest, "server"u8);
        using var limit = new CancellationTokenSource(grace + LongestEnd, time);
        var ended = WaitAsync(limit.Token);
        try
        {
            // One that waits has nothing to save. One that begins at this moment finds the file.
            var waits = _record.State is null || new SlurmJob(_number, _record.State).IsWaiting;
            if (!waits)
            {
                await commands.SignalAsync(_number, limit.Token).ConfigureAwait(false);
                await Task.WhenAny(ended, Task.Delay(grace, time, limit.Token)).ConfigureAwait(false);
            }

            while (!ended.IsCompleted && SlurmCommands.IsUnreachable(await commands.CancelAsync(_number, limit.Token).ConfigureAwait(false)))
            {
                await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(5), time, limit.Token)).ConfigureAwait(false);
            }

            return await ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException error)
        {
            throw FaultException.Failed("not_cancelled", $"The cluster did not end the Slurm job {_number}.", "See squeue; when the cluster answers, the job ends by itself, since its folder says so.", folder.Root, error);
        }
    }

    public IReadOnlyList<string> LastLines(int count)
    {
        using var output = new OutputFile(folder.Output);
        return output.LastLines(count);
    }

    private async Task UnclearAsync(string fault)
    {
        if (!_isUnclear)
        {
            _isUnclear = true;
            task.Log($"The cluster does not answer: {fault}");
            await TellAsync(new RunPlace(RunPlaceKind.Unclear, $"The cluster does not answer ({fault}); what it has goes on")).ConfigureAwait(false);
        }
    }

    private async Task TakeAsync(SlurmJob job)
    {
        var (before, now) = (_record, _record.With(job));
        if (before == now)
        {
            return;
        }

        var wasBegun = job.IsWaiting && before.State is not null && !new SlurmJob(_number, before.State).IsWaiting;
        if (job.IsWaiting && !now.IsPreempted)
        {
            now = now with { IsPreempted = SlurmJob.IsPreempted(_number, LastLines(LinesOfTheEnd)) || (wasBegun && await WasPreemptedAsync().ConfigureAwait(false)) };
        }

        _record = now;
        now.Write(folder);
        if (job.IsWaiting)
        {
            if (wasBegun)
            {
                await TellAsync(new RunPlace(RunPlaceKind.PutBack, now.IsPreempted
                    ? $"The Slurm job {_number} was preempted by one of a higher priority and is back in the queue of the cluster; it goes on from its last checkpoint"
                    : $"The cluster put the Slurm job {_number} back into its queue; it goes on from its last checkpoint")).ConfigureAwait(false);
            }

            if (wasBegun || before.State != now.State || before.Reason != now.Reason || before.IsPreempted != now.IsPreempted)
            {
                await TellAsync(new RunPlace(RunPlaceKind.Waits, SlurmReasons.Waiting(job.Reason, now.IsPreempted))).ConfigureAwait(false);
            }
        }
        else if (job.State == "RUNNING" && (before.State != now.State || before.StartsAt != now.StartsAt))
        {
            await TellAsync(new RunPlace(RunPlaceKind.Runs, $"Slurm job {_number} runs on {job.Nodes}")).ConfigureAwait(false);
        }
    }

    /// <summary>Whether it is back in the queue because it made room. The queue itself does not say so: Slurm's line in the output does, or else the accounting.</summary>
    private async Task<bool> WasPreemptedAsync() =>
        await commands.AccountingAsync([_number], CancellationToken.None, isEveryStart: true).ConfigureAwait(false) is { IsGood: true } accounted
        && SlurmJob.ParseAccounting(accounted.Output).LastOrDefault(start => start.Number == _number && start.HasEnded) is { State: "PREEMPTED" };

    private async Task<int?> EndAsync(SlurmJob? job, CancellationToken cancellationToken)
    {
        var shown = job?.ExitCode is null && await commands.ShowAsync(_number, cancellationToken).ConfigureAwait(false) is { IsGood: true } answer ? answer.Output : null;
        var exitCode = job?.ExitCode ?? (shown is null ? null : SlurmJob.ParseExitCode(shown));
        if (job is not null)
        {
            // One that used its grace to save and end says only that it failed.
            job = job with { ExitCode = exitCode, State = job.State == "FAILED" && shown is not null && SlurmJob.ParsePreempted(shown) ? "PREEMPTED" : job.State };
            if (job.State == "CANCELLED" && job.CancelledBy is null && await commands.AccountingAsync([_number], cancellationToken).ConfigureAwait(false) is { IsGood: true } accounted)
            {
                job = job with { CancelledBy = SlurmJob.ParseAccounting(accounted.Output).FirstOrDefault(known => known.Number == _number)?.CancelledBy };
            }
        }

        // A worker that came to its end wrote how.
        var since = time.GetTimestamp();
        while (!File.Exists(folder.Exit) && exitCode is 0 or 10 or 30 or 40 or 50 && time.GetElapsedTime(since) < LongestDelay && !_isStopped)
        {
            await Task.Delay(Look, time, cancellationToken).ConfigureAwait(false);
        }

        return !_isStopped && SlurmEnd.Judge(folder, _record, job, JobExit.Read(folder)) is { } fault ? throw fault : exitCode;
    }

    private Task TellAsync(RunPlace place)
    {
        task.Log(place.Text + ".");
        return Told?.Invoke(place) ?? Task.CompletedTask;
    }
}
