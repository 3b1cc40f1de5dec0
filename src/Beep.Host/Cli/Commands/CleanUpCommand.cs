using System.CommandLine;
using Beep.Host.Cli.Databases;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep cleanup</c>: removes files that are past their time.</summary>
internal static class CleanUpCommand
{
    public static Command Create(HostServices services)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Says what would go, and removes nothing." };
        var json = CommonOptions.Json();
        var command = new Command("cleanup", "Removes checkpoints, artifacts, logs and uploads that are past their time, as the settings KEEP_… say.") { dryRun, json };
        command.SetAction((result, cancellationToken) => CleanUpActions.RunAsync(services, result.GetValue(dryRun), new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        return command;
    }
}
