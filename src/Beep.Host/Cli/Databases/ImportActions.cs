using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Identity.Import;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Cli.Databases;

/// <summary>What <c>beep import</c> does.</summary>
internal static class ImportActions
{
    public static Task<int> FlaskAsync(HostServices services, Reporter reporter, string file, CancellationToken cancellationToken)
    {
        var source = FlaskDatabase.Read(file);
        return IdentityTools.RunAsync(services, reporter, async tools =>
        {
            var import = await tools.Get<FlaskImporter>().ImportAsync(source, AuditActors.CommandLine, cancellationToken).ConfigureAwait(false);
            reporter.Say($"Took over {Units.Count(import.Users.Count, "user")}, {Units.Count(import.Roles.Count, "role")}, {Units.Count(import.Groups.Count, "group")} and {Units.Count(import.Members, "membership")}.");
            foreach (var (name, reason) in import.Skipped)
            {
                reporter.Say($"  left out '{PlainText.Clean(name)}': {reason}");
            }

            foreach (var name in import.NeedReset)
            {
                reporter.Say($"  '{name}' has no password that can be used: {CommandLineText.Call("admin", "reset-password", name)}");
            }

            return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject
            {
                ["users"] = Names(import.Users),
                ["skipped"] = new JsonArray([.. import.Skipped.Select(skipped => new JsonObject { ["username"] = skipped.Name, ["reason"] = skipped.Reason })]),
                ["need_reset"] = Names(import.NeedReset),
                ["roles"] = Names(import.Roles),
                ["groups"] = Names(import.Groups),
                ["members"] = import.Members,
            });
        }, cancellationToken);
    }

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];
}
