using System.CommandLine;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Doctor;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep doctor</c>: whether this machine can do what the product is for.</summary>
internal static class DoctorCommand
{
    private const int NameWidth = 10;

    public static Command Create(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("doctor", "Checks this machine and this installation, and says how to repair what is wrong.") { json };
        command.SetAction((result, cancellationToken) => RunAsync(services, new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken)
    {
        reporter.Say($"Checking this machine for beep {BeepCommand.Version}.");
        var findings = await FindAsync(services, cancellationToken).ConfigureAwait(false);
        foreach (var finding in findings)
        {
            reporter.Say(Line(finding, reporter.Terminal));
        }

        var failed = findings.Count(finding => finding.Level == DoctorLevel.Fail);
        var warned = findings.Count(finding => finding.Level == DoctorLevel.Warn);
        reporter.Say((failed, warned) switch
        {
            (0, 0) => $"{reporter.Terminal.Good("All is well.")} Next: {CommandLineText.Call("quickstart")}",
            (0, _) => $"{reporter.Terminal.Good("Nothing failed.")} The warnings above say what would be better.",
            _ => $"{reporter.Terminal.Bad($"{failed} failed.")} Do what the lines above say, then check again.",
        });
        return reporter.Finish(failed == 0 ? WorkerExitCode.Succeeded : WorkerExitCode.Failed, [], new JsonObject
        {
            ["version"] = BeepCommand.Version,
            ["checks"] = new JsonArray([.. findings.Select(finding => new JsonObject
            {
                ["name"] = finding.Name,
                ["level"] = Word(finding.Level),
                ["text"] = finding.Text,
                ["remedy"] = finding.Remedy,
            })]),
        });
    }

    private static async Task<IReadOnlyList<DoctorFinding>> FindAsync(HostServices services, CancellationToken cancellationToken)
    {
        var machine = Machine.Current();
        var findings = new List<DoctorFinding> { MachineChecks.Runtime(), MachineChecks.OperatingSystemKind(), MachineChecks.Processor(), MachineChecks.Memory(machine) };
        try
        {
            var configuration = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable });
            var home = configuration.Options.Paths.Home;
            findings.AddRange([MachineChecks.Disk(machine, home), MachineChecks.Home(home)]);
            findings.AddRange(await SettingsCheck.RunAsync(configuration, services.Time, cancellationToken).ConfigureAwait(false));
            findings.Add(ServerChecks.Port(configuration.Options));
            findings.Add(await ServerChecks.TimeAsync(configuration.Options, services.Time, cancellationToken).ConfigureAwait(false));
        }
        catch (FaultException error)
        {
            findings.Add(DoctorFinding.Fail("Home", error.Faults[0].Message, error.Faults[0].Remedy));
        }

        var (trainer, seesGpu) = await TrainerCheck.RunAsync(services.LocateTrainer, cancellationToken).ConfigureAwait(false);
        findings.AddRange(trainer);
        findings.Add(await GpuCheck.RunAsync(seesGpu, cancellationToken).ConfigureAwait(false));
        findings.AddRange(await PythonCheck.RunAsync(services.Variable, services.ProgramFolder, services.Time, cancellationToken).ConfigureAwait(false));
        findings.Add(ShippedFiles.Find(services.ProgramFolder) is { } shipped
            ? DoctorFinding.Ok("Model", $"'{shipped.Model}' and its sample data are there")
            : DoctorFinding.Warn("Model", "the shipped model and sample data are missing", "Clone or unpack the product again, whole; only the quickstart needs them."));
        return findings;
    }

    private static string Line(DoctorFinding finding, Terminal terminal)
    {
        var word = finding.Level switch
        {
            DoctorLevel.Ok => terminal.Good("ok  "),
            DoctorLevel.Warn => terminal.Caution("warn"),
            DoctorLevel.Fail => terminal.Bad("fail"),
        };
        return $"{word}  {finding.Name.PadRight(NameWidth)}{finding.Text}{(finding.Remedy is null ? "" : $". {finding.Remedy}")}";
    }

    private static string Word(DoctorLevel level) => level switch
    {
        DoctorLevel.Ok => "ok",
        DoctorLevel.Warn => "warn",
        DoctorLevel.Fail => "fail",
    };
}
