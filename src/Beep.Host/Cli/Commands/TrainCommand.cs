using System.CommandLine;
using Beep.Contracts;
using Beep.Host.Cli.Training;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Planning;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep train</c>: runs a job folder in the foreground.</summary>
internal static class TrainCommand
{
    public static Command Create(HostServices services)
    {
        var spec = new SpecOptions(requiresOutput: true);
        var json = CommonOptions.Json();
        var command = new Command("train", "Fine-tunes a model on your data. The same command again resumes what was stopped.");
        spec.AddTo(command);
        command.Add(json);
        command.SetAction((result, cancellationToken) =>
            RunAsync(services, spec.Output(result)!, spec.Read(result), spec.Python(result), new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostServices services, string output, SpecSources sources, PythonChoice python, Reporter reporter, CancellationToken cancellationToken)
    {
        var job = JobFolderPreparer.Inspect(output, sources);
        var report = new TrainingReport(reporter, job.Folder, job.Spec, python.Arguments);
        if (job.State == JobFolderState.Finished)
        {
            reporter.Say($"The job in '{job.Folder.Root}' is finished; nothing is left to do.");
            return report.Tell(new JobOutcome(WorkerExitCode.Succeeded, JobExit.Read(job.Folder), []));
        }

        var problems = Planner.FindErrors(job.Spec);
        if (problems.Count > 0)
        {
            throw new FaultException(WorkerExitCode.Invalid, problems);
        }

        var worker = await WorkerChoice.FindAsync(services, job.Spec, python, cancellationToken).ConfigureAwait(false);
        JobFolderPreparer.Write(job);
        reporter.Say(Announce(job));
        var view = TrainingSession.ViewFor(services, reporter.IsJson);
        return report.Tell(await new TrainingSession(worker, view).RunAsync(job.Folder, cancellationToken).ConfigureAwait(false));
    }

    private static string Announce(PreparedJob job)
    {
        var (spec, folder) = (job.Spec, job.Folder);
        var what = spec.Method == TrainingMethod.Full ? "every weight of" : "an adapter for";
        var verb = job.State == JobFolderState.New ? "Training" : "Going on training";
        return $"{verb} {what} '{spec.Model.Path}' on '{spec.Data.Train}'; the job folder is '{folder.Root}'.";
    }
}
