using System.CommandLine;
using Beep.Contracts;
using Beep.Trainer.Training;

namespace Beep.Trainer.Cli;

/// <summary>The worker's command line. People use <c>beep</c>, which starts this.</summary>
internal static class TrainerCommands
{
    /// <summary>The command tree.</summary>
    public static RootCommand Build() => new("The embedded training worker of beep.")
    {
        TrainCommand.Build(),
        GenerateCommand.Build(),
        MergeCommand.Build(),
        InfoCommand.Build(),
    };

    /// <summary>Runs a command; faults become lines on stderr and the exit code.</summary>
    public static int Guard(Func<WorkerExitCode> command)
    {
        try
        {
            return (int)command();
        }
        catch (Exception error)
        {
            var fault = FaultTranslation.Translate(error);
            foreach (var line in fault.Faults)
            {
                Console.Error.WriteLine(line);
            }

            return (int)fault.ExitCode;
        }
    }
}
