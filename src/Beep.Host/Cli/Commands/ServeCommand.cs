using System.CommandLine;
using Beep.Host.Cli.Serving;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep serve</c>: the server, until it is stopped.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    public static Command Create(HostServices services)
    {
        var json = new Option<bool>("--log-json") { Description = "Writes log lines as JSON objects." };
        var command = new Command(Name, "Starts the server. This is what beep does when it is given no command.") { json };
        command.SetAction((result, cancellationToken) =>
            ServeActions.RunAsync(services, new ServeRequest { LogsJson = result.GetValue(json), Time = services.Time, Variable = services.Variable, Trainer = services.LocateTrainer }, cancellationToken));
        return command;
    }
}
