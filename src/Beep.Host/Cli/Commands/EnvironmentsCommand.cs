using System.CommandLine;
using Beep.Host.Cli.Databases;
using Beep.Host.Environments;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep env</c>: Python environments. What needs the database library is in <see cref="Databases"/>.</summary>
internal static class EnvironmentsCommand
{
    public static Command Create(HostServices services) => new("env", "Makes, checks and removes Python environments of this host, beside a running server or without one.")
    {
        CreateList(services), CreateRuntimes(services), CreateCreate(services), CreateRegister(services), CreateVerify(services), CreateRepair(services), CreateRemove(services), CreatePackages(services),
    };

    private static Command CreateList(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "Lists the environments with what can run in them.") { json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.ListAsync(services, ReporterOf(services, result, json), cancellationToken));
        return command;
    }

    private static Command CreateRuntimes(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("runtimes", "Lists the Pythons of this machine that environments can be made from.") { json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.RuntimesAsync(services, ReporterOf(services, result, json), cancellationToken));
        return command;
    }

    private static Command CreateCreate(HostServices services)
    {
        var name = new Argument<string>("NAME") { Description = "What it is to be called: small letters, digits, '.', '-' and '_'." };
        var preset = new Option<string>("--preset") { Description = "Of which packages: transformers-cpu or transformers-cuda.", HelpName = "NAME", DefaultValueFactory = _ => "transformers-cpu" };
        var runtime = CommonOptions.Optional("--python", "The interpreter that it is made from; without it, the newest that fits.", "PATH");
        var index = CommonOptions.Optional("--index", "Where packages come from; without it, what PYTHON_INDEX says.", "ADDRESS");
        var extra = CommonOptions.Optional("--extra-index", "A second index, for what the first has not.", "ADDRESS");
        var wheelhouse = CommonOptions.Optional("--wheelhouse", "A folder of wheels; then no network is used.", "FOLDER");
        var locked = CommonOptions.Optional("--lock", "Exactly these packages, each with the SHA-256 of its wheel.", "FILE");
        var json = CommonOptions.Json();
        var command = new Command("create", "Makes an environment, and trains for two steps in it.") { name, preset, runtime, index, extra, wheelhouse, locked, json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.CreateAsync(
            services,
            ReporterOf(services, result, json),
            new EnvironmentOrder(result.GetValue(name)!, result.GetValue(preset)!)
            {
                Python = result.GetValue(runtime), Index = result.GetValue(index), ExtraIndex = result.GetValue(extra), Wheelhouse = result.GetValue(wheelhouse), LockFile = result.GetValue(locked),
            },
            cancellationToken));
        return command;
    }

    private static Command CreateRegister(HostServices services)
    {
        var name = new Argument<string>("NAME") { Description = "What it is to be called here." };
        var python = CommonOptions.Required("--python", "Its interpreter: of conda, of a module of your cluster, of anybody.", "PATH");
        var json = CommonOptions.Json();
        var command = new Command("register", "Lets jobs use an interpreter that is there already. It is verified, and never changed.") { name, python, json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.RegisterAsync(services, ReporterOf(services, result, json), result.GetValue(name)!, result.GetValue(python)!, cancellationToken));
        return command;
    }

    private static Command CreateVerify(HostServices services) => CreateWork(services, "verify", "Imports everything and trains for two steps.", EnvironmentWork.Verify);

    private static Command CreateRepair(HostServices services) => CreateWork(services, "repair", "Installs anew what differs from the lock.", EnvironmentWork.Repair);

    private static Command CreateRemove(HostServices services)
    {
        var name = Name();
        var yes = new Option<bool>("--yes") { Description = "Removes it, with its files where they were made here." };
        var json = CommonOptions.Json();
        var command = new Command("remove", "Removes an environment; one that was registered stays where it is.") { name, yes, json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.RemoveAsync(services, ReporterOf(services, result, json), result.GetValue(name)!, result.GetValue(yes), cancellationToken));
        return command;
    }

    private static Command CreatePackages(HostServices services)
    {
        var name = Name();
        var search = CommonOptions.Optional("--search", "Only those whose name has this part.", "TEXT");
        var json = CommonOptions.Json();
        var command = new Command("packages", "Lists the packages of an environment.") { name, search, json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.PackagesAsync(services, ReporterOf(services, result, json), result.GetValue(name)!, result.GetValue(search), cancellationToken));
        return command;
    }

    private static Command CreateWork(HostServices services, string verb, string description, EnvironmentWork work)
    {
        var name = Name();
        var json = CommonOptions.Json();
        var command = new Command(verb, description) { name, json };
        command.SetAction((result, cancellationToken) => EnvironmentActions.WorkAsync(services, ReporterOf(services, result, json), result.GetValue(name)!, work, cancellationToken));
        return command;
    }

    private static Argument<string> Name() => new("NAME") { Description = "The name of the environment." };

    private static Reporter ReporterOf(HostServices services, ParseResult result, Option<bool> json) => new(services.Terminal, result.GetValue(json));
}

/// <summary>An environment as it is ordered on the command line.</summary>
internal sealed record EnvironmentOrder(string Name, string Preset)
{
    public string? Python { get; init; }

    public string? Index { get; init; }

    public string? ExtraIndex { get; init; }

    public string? Wheelhouse { get; init; }

    public string? LockFile { get; init; }
}
