using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Cli.Training;

/// <summary>Runs a job folder in the foreground, with a view and the terminal's signals.</summary>
internal sealed class TrainingSession(Func<JobFolder, WorkerCommand> worker, ITrainingView view)
{
    /// <summary>The view that suits the terminal and the options.</summary>
    public static ITrainingView ViewFor(HostServices services, bool isJson) => isJson
        ? new SilentTrainingView(services.Terminal)
        : services.Terminal.IsLive ? new LiveTrainingView(services.Terminal, services.Time) : new PlainTrainingView(services.Terminal);

    /// <summary>Runs the job to its end, whatever that is.</summary>
    public async Task<JobOutcome> RunAsync(JobFolder folder, CancellationToken cancellationToken)
    {
        var running = new LocalExecutor(worker).Start(folder);
        await using (running.ConfigureAwait(false))
        {
            using var signals = new StopSignals(() => AskToStop(running), () => StopAtOnce(running));
            try
            {
                await foreach (var jobEvent in running.ReadEventsAsync(cancellationToken).ConfigureAwait(false))
                {
                    view.Show(jobEvent);
                }
            }
            finally
            {
                view.Close();
            }

            return await running.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void AskToStop(RunningJob running)
    {
        try
        {
            running.RequestStop();
            view.Note("Saving a checkpoint… (Ctrl+C again to stop at once)");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            view.Note($"The worker cannot be asked to save: {PlainText.Clean(error.Message)} Press Ctrl+C again to stop at once.");
        }
    }

    private void StopAtOnce(RunningJob running)
    {
        view.Note("Stopping at once.");
        running.StopAtOnce();
    }
}
