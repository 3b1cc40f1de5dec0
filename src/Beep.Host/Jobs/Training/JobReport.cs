using Beep.Contracts;
using Beep.Host.Jobs.Executors;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Training;

/// <summary>Tells a job what its run says. A database that is away for a moment ends no run: how far it is can wait, and its end is told again and again for a while.</summary>
internal sealed class JobReport(JobService jobs, JobTurn turn, TimeProvider time)
{
    private const int Tries = 30;
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(1);

    private JobProgress _progress = new(0, 0, null, null, 0);
    private long _told = time.GetTimestamp();
    private bool _hasNews;
    private bool _isWaiting;

    /// <summary>Says that the run begins; false when the job is not to run.</summary>
    public Task<bool> BeginAsync(bool isAdopted, CancellationToken cancellationToken) => KeepTryingAsync(() => jobs.BeginAsync(turn, isAdopted, cancellationToken), cancellationToken);

    /// <summary>Takes in what was told before.</summary>
    public void Remember(JobEvent? jobEvent)
    {
        if (jobEvent is not null)
        {
            _progress = After(_progress, jobEvent);
        }
    }

    public async Task AddAsync(JobEvent jobEvent)
    {
        var before = _progress;
        _progress = After(before, jobEvent);
        _hasNews |= before != _progress;
        if (_hasNews && (jobEvent is StartedEvent || time.GetElapsedTime(_told) >= ReportEvery))
        {
            await TellAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Says where a run on a cluster stands. While it waits there, it holds no device.</summary>
    public async Task PlaceAsync(RunPlace place)
    {
        if (place.Kind is RunPlaceKind.PutBack)
        {
            await TellAsync().ConfigureAwait(false);
        }

        var type = place.Kind switch
        {
            RunPlaceKind.Handed => "submitted",
            RunPlaceKind.Runs => "placed",
            RunPlaceKind.PutBack => "put_back",
            _ => null,
        };
        if (type is not null)
        {
            await KeepTryingAsync(async () =>
            {
                await jobs.NoteAsync(turn, type, place.Text + ".", CancellationToken.None).ConfigureAwait(false);
                return true;
            }, CancellationToken.None).ConfigureAwait(false);
        }

        _isWaiting = place.Kind switch
        {
            RunPlaceKind.Runs => false,
            RunPlaceKind.Unclear => _isWaiting,
            _ => true,
        };
        _told = time.GetTimestamp();
        jobs.Changed();
    }

    public async Task EndAsync(JobEnd end)
    {
        await TellAsync().ConfigureAwait(false);
        await KeepTryingAsync(async () =>
        {
            await jobs.EndAsync(turn, end, CancellationToken.None).ConfigureAwait(false);
            return true;
        }, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Says that the run was made to stop.</summary>
    public async Task StopAsync()
    {
        await TellAsync().ConfigureAwait(false);
        await KeepTryingAsync(async () =>
        {
            await jobs.StopAsync(turn, CancellationToken.None).ConfigureAwait(false);
            return true;
        }, CancellationToken.None).ConfigureAwait(false);
    }

    private static JobProgress After(JobProgress before, JobEvent jobEvent) => jobEvent switch
    {
        StartedEvent started => before with { Step = started.ResumedFrom ?? 0, TotalSteps = started.TotalSteps },
        ProgressEvent progress => before with { Step = progress.Step, TotalSteps = progress.TotalSteps },
        MetricEvent metric => before with { Step = Math.Max(before.Step, metric.Step), Loss = metric.Loss ?? before.Loss, Tokens = metric.Tokens },
        EvaluationEvent evaluation => before with { EvaluationLoss = evaluation.Loss ?? before.EvaluationLoss },
        _ => before,
    };

    private async Task TellAsync()
    {
        var held = _isWaiting ? TimeSpan.Zero : time.GetElapsedTime(_told);
        try
        {
            await jobs.ReportAsync(turn, _progress, held, CancellationToken.None).ConfigureAwait(false);
            (_told, _hasNews) = (time.GetTimestamp(), false);
        }
        catch (Exception error) when (TaskFaults.IsDatabaseAway(error))
        {
            // Told with the next.
        }
    }

    private async Task<bool> KeepTryingAsync(Func<Task<bool>> tell, CancellationToken cancellationToken)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                return await tell().ConfigureAwait(false);
            }
            catch (Exception error) when (TaskFaults.IsDatabaseAway(error) && tried < Tries)
            {
                await Task.Delay(TryAgain, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The end that a worker's outcome is.</summary>
    public static JobEnd EndOf(JobOutcome outcome, Fault? fault) => outcome.ExitCode == WorkerExitCode.Succeeded && outcome.Exit is not null
        ? new JobEnd(JobState.Succeeded) { Summary = outcome.Exit.Summary }
        : new JobEnd(JobState.Failed) { Summary = outcome.Exit?.Summary, Fault = fault };
}
