using System.CommandLine;
using Beep.Contracts;
using Beep.Trainer.Training;

namespace Beep.Trainer.Cli;

/// <summary><c>beep-trainer train JOBDIR</c>: runs a job folder to its end.</summary>
internal static class TrainCommand
{
    public static Command Build()
    {
        var folder = new Argument<string>("job-folder") { Description = "A folder with a spec.json" };
        var command = new Command("train", "Run the job of a folder, or go on with it from its last checkpoint.") { folder };
        command.SetAction(result => TrainerCommands.Guard(() => Run(result.GetRequiredValue(folder))));
        return command;
    }

    private static WorkerExitCode Run(string path)
    {
        if (!Directory.Exists(path))
        {
            throw FaultException.Invalid("job_not_found", $"There is no job folder '{path}'.", "Name a folder that holds a spec.json.", path);
        }

        return new JobRunner(new JobFolder(path), TimeProvider.System, Console.Error).Run();
    }
}
