using Beep.Contracts;
using Beep.Trainer.Data;

namespace Beep.Trainer.Training;

/// <summary>Runs the job of a folder and leaves <c>exit.json</c>, whatever happens.</summary>
/// <param name="folder">The job folder; it holds a spec.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where a person may read what went wrong; becomes <c>output.log</c>.</param>
internal sealed class JobRunner(JobFolder folder, TimeProvider time, TextWriter log)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private JobSummary? _summary;

    /// <summary>Runs and returns the exit code.</summary>
    public WorkerExitCode Run()
    {
        EventWriter events;
        using var jobLock = Take();
        try
        {
            File.Delete(folder.Exit);
            DurableFile.RemoveLeftovers(folder.Root);
            DurableFile.RemoveLeftovers(folder.Checkpoints);
            DurableFile.RemoveLeftovers(folder.Artifacts);
            events = new EventWriter(folder, time);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(error);
        }

        using (events)
        {
            JobExit exit;
            try
            {
                exit = Execute(events);
            }
            catch (Exception error)
            {
                exit = Fail(error, events);
            }

            TryWrite(() =>
            {
                events.Write(new FinishedEvent(exit.Status));
                events.Flush();
            });
            TryWrite(() => exit.Write(folder));
            return exit.ExitCode;
        }
    }

    private JobLock Take()
    {
        try
        {
            return JobLock.TryTake(folder) ?? throw FaultException.Failed("job_running", "Another worker is running this job.", "Wait for it, or stop it first.", folder.Root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(error);
        }
    }

    private FaultException NotWritable(Exception error) =>
        FaultException.Failed("not_writable", $"The job folder cannot be written: {error.Message}", "Check its permissions and its disk.", folder.Root, error);

    private JobExit Execute(EventWriter events)
    {
        var spec = SpecReader.Read(folder.Spec);
        Support.Check(spec);
        using var cancel = new CancelSignal(folder, spec.Limits.MaxSeconds, time);
        var report = new RunReport(events, spec, time);
        using var data = Load(spec, cancel);
        if (data is null)
        {
            return Cancelled(cancel.Reason!.Value);
        }

        using var model = TrainableModel.Create(spec, Support.ComputeType(spec.Train.Precision), Support.Device());
        using var run = new TrainingRun(spec, folder, model, data, report, cancel);
        (string Code, string Message)? stopped;
        try
        {
            stopped = run.Execute();
            if (stopped is null)
            {
                new ArtifactWriter(folder, spec, report).Write(model, run.State);
            }
        }
        finally
        {
            _summary = Summarise(run, spec, report);
        }

        return stopped is { } reason ? Cancelled(reason) : Exit(JobStatus.Succeeded, WorkerExitCode.Succeeded);
    }

    /// <summary>The rows of the job; null when it was cancelled while they were read, before which no step can have been lost.</summary>
    private TrainingData? Load(JobSpec spec, CancelSignal cancel)
    {
        try
        {
            return cancel.Reason is null ? DataLoader.Load(spec, folder, cancel.Token) : null;
        }
        catch (OperationCanceledException) when (cancel.Reason is not null)
        {
            return null;
        }
    }

    private JobExit Cancelled((string Code, string Message) reason) => Exit(JobStatus.Cancelled, WorkerExitCode.Cancelled) with
    {
        Code = reason.Code,
        Message = reason.Message,
        Remedy = "Run the job again: it goes on from its last checkpoint.",
    };

    private JobExit Fail(Exception error, EventWriter events)
    {
        var fault = FaultTranslation.Translate(error);
        foreach (var one in fault.Faults)
        {
            TryWrite(() => events.Write(new FailedEvent(one.Code, one.Where is null ? one.Message : $"{one.Where}: {one.Message}", one.Remedy)));
            log.WriteLine(one);
        }

        if (fault.ExitCode == WorkerExitCode.Failed)
        {
            log.WriteLine(error);
        }

        var first = fault.Faults[0];
        return Exit(JobStatus.Failed, fault.ExitCode) with { Code = first.Code, Message = first.Message, Remedy = first.Remedy };
    }

    private JobExit Exit(JobStatus status, WorkerExitCode code) =>
        new() { Status = status, ExitCode = code, StartedAt = _startedAt, FinishedAt = time.GetUtcNow(), Summary = _summary };

    private static JobSummary Summarise(TrainingRun run, JobSpec spec, RunReport report) => new(
        run.State.Step,
        run.Epochs,
        run.State.Tokens,
        report.Seconds,
        run.State.TrainLoss,
        spec.Data.Validation is null ? null : run.State.FirstEvaluationLoss,
        run.State.LastEvaluationLoss,
        RunReport.PeakMemory,
        run.LastCheckpoint);

    /// <summary>On a full disk the last words may not fit: the exit code still tells, and the earlier fault is the one to report.</summary>
    private void TryWrite(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.WriteLine($"The job folder could not be written: {error.Message}");
        }
    }
}
