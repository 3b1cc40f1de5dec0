using System.CommandLine;
using Beep.Host.Cli.Databases;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep import</c>: takes over what another program has kept.</summary>
internal static class ImportCommand
{
    public static Command Create(HostServices services) => new("import", "Takes over what another program has kept.") { CreateFlask(services) };

    private static Command CreateFlask(HostServices services)
    {
        var file = new Argument<string>("FILE") { Description = "The SQLite file of the Flask program." };
        var json = CommonOptions.Json();
        var command = new Command("flask", "Takes over users, roles and groups of the Flask program; what is here already stays.") { file, json };
        command.SetAction((result, cancellationToken) =>
            ImportActions.FlaskAsync(services, new Reporter(services.Terminal, result.GetValue(json)), result.GetValue(file)!, cancellationToken));
        return command;
    }
}
