using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Executors;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Training;

/// <summary>Turns what a worker says into the steps, the progress and the log of a task.</summary>
/// <param name="run">The task.</param>
/// <param name="isRemote">Whether others decide when it begins.</param>
internal sealed class TrainSteps(TaskRun run, bool isRemote = false) : IDisposable
{
    public const string Wait = "Wait for the cluster";
    public const string Prepare = "Prepare";
    public const string Train = "Train";
    public const string Finish = "Evaluate and save";

    // The last one is the end of the task.
    private const int MostBeforeTheEnd = 99;

    private readonly TrainingProgress _progress = new();
    private readonly List<FailedEvent> _failures = [];
    // Where it stands is told from one side, what the worker says from another.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private string _current = isRemote ? Wait : Prepare;
    private string? _learned;

    public IReadOnlyList<FailedEvent> Failures => _failures;

    public Task BeginAsync(CancellationToken cancellationToken) => run.BeginStepAsync(_current, cancellationToken);

    public void Dispose() => _turn.Dispose();

    /// <summary>Says where a run on a cluster stands.</summary>
    public async Task PlaceAsync(RunPlace place)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (place.Kind == RunPlaceKind.Runs && _current == Wait)
            {
                await EnterAsync(Prepare, place.Text).ConfigureAwait(false);
            }

            await ReportAsync(place.Text).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes in what was told before.</summary>
    public void Remember(JobEvent? jobEvent)
    {
        switch (jobEvent)
        {
            case null:
                break;
            case DataEvent data:
                _learned = Describe(data);
                break;
            case FailedEvent:
                // Of a former start; the one that goes on has not failed.
                break;
            default:
                _progress.Add(jobEvent);
                break;
        }
    }

    /// <summary>Goes on telling where another host was.</summary>
    public async Task GoOnAsync(CancellationToken cancellationToken)
    {
        run.Log("The server was started again; the run had gone on without it.");
        if (isRemote && _progress.TotalSteps == 0)
        {
            // Nobody knows yet whether it has begun.
            await run.BeginStepAsync(Wait, cancellationToken).ConfigureAwait(false);
            return;
        }

        await run.CompleteStepAsync(Prepare, _learned, cancellationToken).ConfigureAwait(false);
        _current = Train;
        await run.BeginStepAsync(Train, cancellationToken).ConfigureAwait(false);
        await ReportAsync(Describe()).ConfigureAwait(false);
    }

    /// <summary>Takes in what the worker said. What it says while it is made to stop is stored as well.</summary>
    public async Task AddAsync(JobEvent jobEvent)
    {
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await TakeAsync(jobEvent).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task CompleteAsync(JobExit exit)
    {
        // A run that goes on from its last step trains no more.
        await EnterAsync(Train, _learned).ConfigureAwait(false);
        await EnterAsync(Finish, null).ConfigureAwait(false);
        var message = exit.Summary is { FirstEvaluationLoss: { } before, LastEvaluationLoss: { } after }
            ? $"Held-out loss {Units.Loss(before)} → {Units.Loss(after)} ({Units.Change(before, after)})"
            : exit.Summary is { } summary ? $"Loss {Units.Loss(summary.TrainLoss)} after {Units.Count(summary.Steps, "step")}" : "Done";
        await ReportAsync(message).ConfigureAwait(false);
        await run.CompleteStepAsync(Finish, message, CancellationToken.None).ConfigureAwait(false);
    }

    public Task FailAsync(string message) => run.FailStepAsync(_current, message, CancellationToken.None);

    /// <summary>Says where the run can go on.</summary>
    public async Task StopAsync(int? checkpoint)
    {
        var message = checkpoint is { } step ? $"Stopped; the checkpoint of step {Units.Count(step)} is saved" : "Stopped before the first checkpoint";
        await ReportAsync(message).ConfigureAwait(false);
        // Steps are stored at once, and the message with them.
        await run.FailStepAsync(_current, message, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task TakeAsync(JobEvent jobEvent)
    {
        _progress.Add(jobEvent);
        if (EventText.Describe(jobEvent) is { } line)
        {
            run.Log(line);
        }

        if (_current == Wait)
        {
            await EnterAsync(Prepare, null).ConfigureAwait(false);
        }

        switch (jobEvent)
        {
            case FailedEvent failure:
                _failures.Add(failure);
                break;
            case StartedEvent { ResumedFrom: { } step }:
                await ReportAsync($"Going on from step {Units.Count(step)} of {Units.Count(_progress.TotalSteps)}").ConfigureAwait(false);
                break;
            case DataEvent data:
                _learned = Describe(data);
                break;
            case MetricEvent or ProgressEvent when _progress.TotalSteps > 0:
                await EnterAsync(Train, _learned).ConfigureAwait(false);
                await ReportAsync(Describe()).ConfigureAwait(false);
                if (_progress.Step >= _progress.TotalSteps)
                {
                    await EnterAsync(Finish, $"{Units.Count(_progress.Step, "step")}, loss {Units.Loss(_progress.Loss)}").ConfigureAwait(false);
                }

                break;
            default:
                break;
        }
    }

    private async Task EnterAsync(string step, string? message)
    {
        if (_current == step || (step == Train && _current == Finish))
        {
            return;
        }

        await run.CompleteStepAsync(_current, message, CancellationToken.None).ConfigureAwait(false);
        _current = step;
        await run.BeginStepAsync(step, CancellationToken.None).ConfigureAwait(false);
    }

    private Task ReportAsync(string message) => run.ReportAsync((int)Math.Min(MostBeforeTheEnd, _progress.Share * 100), message, CancellationToken.None);

    private static string Describe(DataEvent data) => $"{Units.Count(data.Rows, "row")}, {Units.Count(data.TrainableTokens)} tokens to learn";

    private string Describe()
    {
        var eta = _progress is { EtaSeconds: { } seconds } && _progress.Step < _progress.TotalSteps ? $", {Units.Duration(seconds)} left" : "";
        return $"Step {Units.Count(_progress.Step)} of {Units.Count(_progress.TotalSteps)}, loss {Units.Loss(_progress.Loss)}{eta}";
    }
}
