using System.CommandLine;
using Beep.Host.Cli.Databases;

namespace Beep.Host.Cli.Commands;

/// <summary><c>beep audit verify</c>: whether the audit log is as it was written.</summary>
internal static class AuditCommand
{
    public static Command Create(HostServices services) => new("audit", "Looks at the audit log.") { CreateVerify(services) };

    private static Command CreateVerify(HostServices services)
    {
        var json = CommonOptions.Json();
        var command = new Command("verify", "Checks that no row of the audit log was changed, removed or put elsewhere.") { json };
        command.SetAction((result, cancellationToken) => AuditActions.VerifyAsync(services, new Reporter(services.Terminal, result.GetValue(json)), cancellationToken));
        return command;
    }
}
