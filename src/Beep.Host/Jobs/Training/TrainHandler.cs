using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Executors;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Training;

/// <summary>
/// Trains a job folder. The worker outlives the host, which reads the folder and nothing else, so that the next host goes on
/// reading where this one was. To stop is to save a checkpoint, and a run that is begun again goes on from there.
/// </summary>
/// <param name="paths">The home.</param>
/// <param name="backends">How workers are started.</param>
/// <param name="executors">Where they run.</param>
/// <param name="time">The clock.</param>
/// <param name="jobs">What keeps jobs; null while fine-tuning is switched off, when only folders are trained.</param>
internal sealed class TrainHandler(HostPaths paths, IEnumerable<IWorkerBackend> backends, IEnumerable<IExecutor> executors, TimeProvider time, JobService? jobs = null) : ITaskHandler
{
    public const string KindName = "finetune.train";

    // Longer than a task lets its processes live that are to stop.
    private static readonly TimeSpan LongestStop = TimeSpan.FromMinutes(1);

    public string Kind => KindName;

    public string ResourceClass => Tasks.ResourceClass.Cpu;

    public WhenLost WhenLost => WhenLost.Adopt;

    public GpuNeed? NeedOf(TaskRow task) =>
        task.Input is { } input && JsonSerializer.Deserialize<TrainInput>(input, TaskJson.Options) is { } wanted ? new GpuNeed(wanted.Placement?.Devices, wanted.GpuBytes) : null;

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var input = run.ReadInput<TrainInput>();
        if (input.JobId is not { } jobId)
        {
            var folder = input.Resolve(paths);
            var found = await FindAsync(run, input, folder, cancellationToken).ConfigureAwait(false);
            return await TrainAsync(run, folder, input, found, null, cancellationToken).ConfigureAwait(false);
        }

        if (jobs is null)
        {
            throw FaultException.Failed("finetune_off", "Fine-tuning is switched off on this server.", "Switch ENABLE_FINETUNE on, then resume the job.");
        }

        return await TrainAsync(run, input, new JobReport(jobs, new JobTurn(jobId, run.Id, run.Attempt), time), cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonObject?> TrainAsync(TaskRun run, TrainInput input, JobReport report, CancellationToken cancellationToken)
    {
        try
        {
            var folder = input.Resolve(paths);
            var found = await FindAsync(run, input, folder, cancellationToken).ConfigureAwait(false);
            if (await report.BeginAsync(found is not null, cancellationToken).ConfigureAwait(false))
            {
                return await TrainAsync(run, folder, input, found, report, cancellationToken).ConfigureAwait(false);
            }

            // It was cancelled as it began: whoever did that stops this task in a moment.
            await Task.Delay(LongestStop, time, cancellationToken).ConfigureAwait(false);
            throw FaultException.Failed("job_not_queued", "The job was not to run.", "Resume or restart it.");
        }
        catch (Exception) when (run.IsLeaving)
        {
            // The worker goes on, and so does the job.
            throw;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            await report.StopAsync().ConfigureAwait(false);
            throw;
        }
        catch (FaultException error)
        {
            // What the worker said itself was told before, and this changes nothing then.
            await report.EndAsync(new JobEnd(JobState.Failed) { Fault = error.Faults[0] }).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<IWorkerRun?> FindAsync(TaskRun run, TrainInput input, JobFolder folder, CancellationToken cancellationToken)
    {
        var executor = ExecutorOf(input);
        var custom = input.Placement?.CustomBackend is null ? null : backends.FirstOrDefault(backend => backend.Kind == Backend.Custom);
        var container = custom is null ? null : await custom.FindContainerAsync(input.Placement!, folder, cancellationToken).ConfigureAwait(false);
        return await executor.FindAsync(run, folder, container, cancellationToken).ConfigureAwait(false);
    }

    private IExecutor ExecutorOf(TrainInput input)
    {
        var name = (input.Placement ?? Placement.Default).Executor;
        return executors.FirstOrDefault(executor => executor.Name == name)
            ?? throw FaultException.Failed("executor_off", $"This server does not run jobs on '{name}'.", "Switch it on in the settings, or make the job again for this machine.", "executor");
    }

    private IWorkerBackend BackendOf(JobSpec spec) => backends.FirstOrDefault(backend => backend.Kind == spec.Backend)
        ?? throw FaultException.Failed("backend_off", $"This server has no worker for the backend '{SpecWriter.WireName(spec.Backend)}'.", "Make the job again with another backend.", "backend");

    private async Task<JsonObject?> TrainAsync(TaskRun run, JobFolder folder, TrainInput input, IWorkerRun? found, JobReport? report, CancellationToken cancellationToken)
    {
        var spec = SpecReader.Read(folder.Spec);
        using var steps = new TrainSteps(run, isRemote: input.Placement?.ResourceClass == Tasks.ResourceClass.Remote);
        if (found is null && JobExit.Read(folder) is { } past && (past.Status == JobStatus.Succeeded || (past.Status == JobStatus.Failed && run.Attempt > 1)))
        {
            // The worker had ended, and its host was lost before it could say so.
            await EndAsync(report, new JobOutcome(past.ExitCode, past, []), Stopped(past)).ConfigureAwait(false);
            return past.Status == JobStatus.Succeeded ? Describe(folder, spec, past) : throw new FaultException(past.ExitCode, [Stopped(past)]);
        }

        var (worker, offset) = found is null
            ? await BeginAsync(run, steps, folder, spec, input, cancellationToken).ConfigureAwait(false)
            : (found, await GoOnAsync(steps, report, folder, cancellationToken).ConfigureAwait(false));
        if (worker is IQueuedRun queued)
        {
            queued.Told = async place =>
            {
                await steps.PlaceAsync(place).ConfigureAwait(false);
                await (report?.PlaceAsync(place) ?? Task.CompletedTask).ConfigureAwait(false);
            };
        }

        var ended = EndAsync(run, worker, cancellationToken);
        // What the worker says while it saves is heard, too.
        await foreach (var jobEvent in EventTail.FollowAsync(folder.Events, offset, ended, CancellationToken.None).ConfigureAwait(false))
        {
            await steps.AddAsync(jobEvent).ConfigureAwait(false);
            await (report?.AddAsync(jobEvent) ?? Task.CompletedTask).ConfigureAwait(false);
        }

        var exitCode = await ended.ConfigureAwait(false);
        var outcome = JobOutcome.Of(folder, exitCode, wasStoppedAtOnce: false, steps.Failures, worker.LastLines(JobOutcome.ShownLines));
        if (outcome is { ExitCode: WorkerExitCode.Succeeded, Exit: { } exit })
        {
            await steps.CompleteAsync(exit).ConfigureAwait(false);
            await EndAsync(report, outcome, null).ConfigureAwait(false);
            return Describe(folder, spec, exit);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            await steps.StopAsync(folder.ListCheckpoints() is { Count: > 0 } saved ? saved[^1].Step : null).ConfigureAwait(false);
            throw new OperationCanceledException(cancellationToken);
        }

        var faults = outcome.Faults.Count > 0 ? outcome.Faults : [Stopped(outcome.Exit)];
        await steps.FailAsync(faults[0].Message).ConfigureAwait(false);
        await EndAsync(report, outcome, faults[0]).ConfigureAwait(false);
        throw new FaultException(outcome.ExitCode, faults);
    }

    private static Task EndAsync(JobReport? report, JobOutcome outcome, Fault? fault) => report?.EndAsync(JobReport.EndOf(outcome, fault)) ?? Task.CompletedTask;

    /// <summary>Holds rows out where the job wants that; reading a large file takes its time.</summary>
    private static async Task SplitAsync(TaskRun run, JobFolder folder, CancellationToken cancellationToken)
    {
        if (RowSplit.Read(folder) is { } split)
        {
            await run.ReportAsync(0, "Holding rows out", cancellationToken).ConfigureAwait(false);
            await Task.Run(() => split.Apply(folder, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes in what the worker said while another host watched it; returns where to go on reading.</summary>
    private static async Task<long> GoOnAsync(TrainSteps steps, JobReport? report, JobFolder folder, CancellationToken cancellationToken)
    {
        var end = 0L;
        foreach (var line in EventReader.ReadFrom(folder.Events))
        {
            end = line.NextOffset;
            steps.Remember(line.Event);
            report?.Remember(line.Event);
        }

        await steps.GoOnAsync(cancellationToken).ConfigureAwait(false);
        return end;
    }

    private async Task<(IWorkerRun Worker, long Offset)> BeginAsync(TaskRun run, TrainSteps steps, JobFolder folder, JobSpec spec, TrainInput input, CancellationToken cancellationToken)
    {
        await steps.BeginAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SplitAsync(run, folder, cancellationToken).ConfigureAwait(false);
            LocalExecutor.Forget(folder);
            var offset = EventTail.EndOf(folder.Events);
            var placement = input.Placement ?? Placement.Default;
            var command = await BackendOf(spec).FindAsync(spec, placement, folder, cancellationToken).ConfigureAwait(false);
            return (await ExecutorOf(input).StartAsync(run, folder, command, placement, cancellationToken).ConfigureAwait(false), offset);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Invalid("unwritable", $"The job folder '{folder.Root}' cannot be written: {error.Message}", "Free space or correct the permissions, then start it again.", folder.Root, error);
        }
    }

    /// <summary>Waits also for a worker that was told to stop.</summary>
    private static async Task<int?> EndAsync(TaskRun run, IWorkerRun worker, CancellationToken cancellationToken)
    {
        try
        {
            return await worker.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!run.IsLeaving)
        {
            return await worker.StopAsync(LongestStop).ConfigureAwait(false);
        }
    }

    /// <summary>By its own limits, or by somebody who did not ask the task.</summary>
    private static Fault Stopped(JobExit? exit) =>
        new(exit?.Code ?? "cancelled", exit?.Message ?? "The run was stopped.", exit?.Remedy ?? "Start it again: it goes on from its last checkpoint.");

    private static JsonObject Describe(JobFolder folder, JobSpec spec, JobExit exit) => new()
    {
        ["job_folder"] = folder.Root,
        [spec.Method == TrainingMethod.Full ? "model" : "adapter"] = spec.Method == TrainingMethod.Full ? folder.Merged : folder.Adapter,
        ["steps"] = exit.Summary?.Steps,
        ["tokens"] = exit.Summary?.Tokens,
        ["seconds"] = exit.Summary?.Seconds,
        ["train_loss"] = exit.Summary?.TrainLoss,
        ["first_evaluation_loss"] = exit.Summary?.FirstEvaluationLoss,
        ["last_evaluation_loss"] = exit.Summary?.LastEvaluationLoss,
    };
}
