using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Databases;

/// <summary>What the subcommands of <c>beep db</c> do.</summary>
internal static class DatabaseActions
{
    public static async Task<int> MigrateAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken)
    {
        var migrator = Open(services, reporter);
        var applied = await migrator.MigrateAsync(cancellationToken).ConfigureAwait(false);
        foreach (var name in applied)
        {
            reporter.Say($"Applied {name}.");
        }

        reporter.Say(applied.Count == 0 ? "Nothing was pending." : reporter.Terminal.Good("The database is current."));
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["applied"] = Names(applied) });
    }

    public static async Task<int> RollbackAsync(HostServices services, string? target, bool isConfirmed, Reporter reporter, CancellationToken cancellationToken)
    {
        var migrator = Open(services, reporter);
        var planned = DatabaseMigrator.Undone(await migrator.ReadStateAsync(cancellationToken).ConfigureAwait(false), target);
        if (planned.Count > 0 && !isConfirmed)
        {
            throw FaultException.Invalid("not_confirmed", $"This undoes {string.Join(", ", planned)} and deletes what those tables hold.", "Back the database up, then add --yes.", "--yes");
        }

        var undone = planned.Count == 0 ? planned : await migrator.RollbackAsync(target, cancellationToken).ConfigureAwait(false);
        foreach (var name in undone)
        {
            reporter.Say($"Undid {name}.");
        }

        reporter.Say(undone.Count == 0 ? "Nothing was to be undone." : $"Apply again: {CommandLineText.Call("db", "migrate")}");
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["undone"] = Names(undone) });
    }

    public static async Task<int> StatusAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken)
    {
        var migrator = Open(services, reporter);
        var state = await migrator.ReadStateAsync(cancellationToken).ConfigureAwait(false);
        foreach (var (names, word) in new[] { (state.Applied, "applied"), (state.Pending, "pending"), (state.Unknown, "of a later version") })
        {
            foreach (var name in names)
            {
                reporter.Say($"  {name}  {word}");
            }
        }

        reporter.Say(state switch
        {
            { Unknown.Count: > 0 } => reporter.Terminal.Bad("A later version of beep has changed this database: use that version."),
            { Exists: false } => $"There is no database yet. Make it: {CommandLineText.Call("db", "migrate")}",
            { Pending.Count: > 0 } => $"{reporter.Terminal.Caution("Migrations are pending.")} Apply them: {CommandLineText.Call("db", "migrate")}",
            _ => reporter.Terminal.Good("The database is current."),
        });
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject
        {
            ["exists"] = state.Exists,
            ["instance_id"] = state.InstanceId,
            ["applied"] = Names(state.Applied),
            ["pending"] = Names(state.Pending),
            ["unknown"] = Names(state.Unknown),
        });
    }

    private static DatabaseMigrator Open(HostServices services, Reporter reporter)
    {
        var address = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable }).RequireDatabase();
        reporter.Say($"Database: {address.Display}");
        return new DatabaseMigrator(new HostDatabase(address), services.Time);
    }

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];
}
