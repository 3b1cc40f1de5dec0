using System.CommandLine;
using Beep.Host.Cli.Quickstarting;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep quickstart</c>: a fine-tune from start to end on what ships with the product, in the server or without one.</summary>
internal static class QuickstartCommand
{
    public static Command Create(HostServices services)
    {
        var exit = new Option<bool>("--exit") { Description = "Trains without a server and ends after the run." };
        var again = new Option<bool>("--again") { Description = "Removes a former quickstart and starts over." };
        var port = new Option<int?>("--port") { Description = "The port that the server listens at; PORT, or 5000, where none is named.", HelpName = "N" };
        var json = CommonOptions.Json();
        var command = new Command("quickstart", "Starts the server, fine-tunes the tiny model that ships with beep in it, and shows what changed. The training takes a few minutes.") { exit, again, port, json };
        command.SetAction((result, cancellationToken) =>
        {
            var reporter = new Reporter(services.Terminal, result.GetValue(json));
            return result.GetValue(exit)
                ? QuickstartRun.RunAsync(services, result.GetValue(again), reporter, cancellationToken)
                : QuickstartActions.RunAsync(services, new QuickstartRequest(result.GetValue(port), result.GetValue(again)), reporter, cancellationToken);
        });
        return command;
    }
}
