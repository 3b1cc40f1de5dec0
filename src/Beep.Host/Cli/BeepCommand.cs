using System.CommandLine;
using System.Reflection;
using Beep.Contracts;
using Beep.Host.Cli.Commands;

namespace Beep.Host.Cli;

/// <summary>The command line: the tree of commands, and what becomes of their faults.</summary>
internal static class BeepCommand
{
    private const string VerboseName = "--verbose";
    private const string JsonName = "--json";

    /// <summary>The version that <c>--version</c> prints.</summary>
    public static string Version { get; } =
        typeof(BeepCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Every command with its options.</summary>
    public static RootCommand CreateTree(HostServices services)
    {
        var root = new RootCommand("Fine-tunes language models on your own machine.")
        {
            ServeCommand.Create(services),
            QuickstartCommand.Create(services),
            TrainCommand.Create(services),
            PlanCommand.Create(services),
            GenerateCommand.Create(services),
            DatasetCommand.Create(services),
            MergeCommand.Create(services),
            PresetsCommand.Create(services),
            ModelsCommand.Create(services),
            EnvironmentsCommand.Create(services),
            DoctorCommand.Create(services),
            DatabaseCommand.Create(services),
            AuditCommand.Create(services),
            CleanUpCommand.Create(services),
            AdminCommand.Create(services),
            ImportCommand.Create(services),
            new Option<bool>(VerboseName) { Description = "Prints the program's own trace with an error.", Recursive = true },
        };
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction(services.Terminal);
        return root;
    }

    /// <summary>Parses and runs; returns the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, HostServices services, CancellationToken cancellationToken)
    {
        if (arguments.Count == 0)
        {
            arguments = [ServeCommand.Name];
        }

        var parsed = CreateTree(services).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var reporter = new Reporter(services.Terminal, arguments.Contains(JsonName));
        if (parsed.Errors.Count > 0)
        {
            var help = CommandLineText.Call([.. PathOf(parsed.CommandResult.Command), "--help"]);
            return reporter.Fail(WorkerExitCode.Invalid, [.. parsed.Errors.Select(error => new Fault("bad_usage", error.Message, $"See {help}."))]);
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = services.Terminal.Out,
                Error = services.Terminal.Error,
            };
            return await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (FaultException error)
        {
            Trace(parsed, services.Terminal, error);
            return reporter.Fail(error.ExitCode, error.Faults);
        }
        catch (OperationCanceledException)
        {
            return reporter.Fail(WorkerExitCode.Cancelled, [new("cancelled", "Stopped before anything was changed.", "Run the same command again.")]);
        }
#pragma warning disable CA1031 // The last place where a fault can be told to the user without a stack trace.
        catch (Exception error)
        {
            Trace(parsed, services.Terminal, error);
            return reporter.Fail(WorkerExitCode.Failed, [new("unexpected", $"The command failed: {error.Message}", $"Run it again with {VerboseName} and report the trace.")]);
        }
#pragma warning restore CA1031
    }

    private static void Trace(ParseResult parsed, Terminal terminal, Exception error)
    {
        if (parsed.GetValue<bool>(VerboseName))
        {
            terminal.Error.WriteLine(error);
        }
    }

    private static Stack<string> PathOf(Command command)
    {
        var names = new Stack<string>();
        for (var current = command; current is not RootCommand and not null; current = current.Parents.OfType<Command>().FirstOrDefault())
        {
            names.Push(current.Name);
        }

        return names;
    }
}
