using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Cli.Training;
using Beep.Host.Hosting;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Specs;
using Beep.Host.Quickstart;

namespace Beep.Host.Cli.Quickstarting;

/// <summary><c>beep quickstart --exit</c>: the run alone, in the foreground.</summary>
internal static class QuickstartRun
{
    public static async Task<int> RunAsync(HostServices services, bool again, Reporter reporter, CancellationToken cancellationToken)
    {
        var folder = HostPaths.FromEnvironment(services.Variable).Quickstart;
        var shipped = ShippedFiles.Require(services.ProgramFolder);
        if (again)
        {
            QuickstartJob.Remove(folder);
        }

        var job = QuickstartJob.Prepare(folder, shipped);
        if (job.State == JobFolderState.Finished)
        {
            QuickstartReport.SayFinished(reporter, job);
            return QuickstartReport.Show(reporter, job, new JobOutcome(WorkerExitCode.Succeeded, JobExit.Read(job.Folder), []));
        }

        JobFolderPreparer.Write(job);
        QuickstartReport.Announce(reporter, job);
        var view = TrainingSession.ViewFor(services, reporter.IsJson);
        var outcome = await new TrainingSession(folder => ShippedTrainer.Train(services.LocateTrainer(), folder), view).RunAsync(job.Folder, cancellationToken).ConfigureAwait(false);
        if (outcome.ExitCode == WorkerExitCode.Cancelled)
        {
            reporter.Say($"Stopped; a checkpoint is saved in '{folder}'.");
            reporter.Say($"Go on with: {CommandLineText.Call("quickstart")}");
            return reporter.Finish(outcome.ExitCode, [], new JsonObject { ["job_folder"] = folder });
        }

        return outcome.ExitCode == WorkerExitCode.Succeeded
            ? QuickstartReport.Show(reporter, job, outcome)
            : reporter.Fail(outcome.ExitCode, outcome.Faults, new JsonObject { ["job_folder"] = folder });
    }
}
