using System.CommandLine;
using System.CommandLine.Invocation;
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

    /// <summary>Runs the command line; arguments that cannot be read are a fault of what was handed in.</summary>
    public static int Run(string[] args)
    {
        var result = Build().Parse(args);
        var exitCode = result.Invoke();
        return result.Action is ParseErrorAction ? (int)WorkerExitCode.Invalid : exitCode;
    }

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
