using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Databases;

/// <summary>What the subcommands of <c>beep db</c> do.</summary>
internal static class DatabaseActions
{
    /// <summary>The area that has tables of its own, as the command line names it.</summary>
    public const string FineTuneArea = "finetune";

    public static async Task<int> MigrateAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken)
    {
        var configuration = Load(services, reporter);
        var applied = await MigrateAsync(services, configuration.Options, Open(services, configuration), cancellationToken).ConfigureAwait(false);
        foreach (var name in applied)
        {
            reporter.Say($"Applied {name}.");
        }

        reporter.Say(applied.Count == 0 ? "Nothing was pending." : reporter.Terminal.Good("The database is current."));
        return reporter.Finish(WorkerExitCode.Succeeded, [], new JsonObject { ["applied"] = Names(applied) });
    }

    /// <summary>Applies what is pending and says so in the audit log; returns its names, those of switched-on areas after the host's.</summary>
    public static async Task<IReadOnlyList<string>> MigrateAsync(HostServices services, HostOptions options, AuditTrail trail, CancellationToken cancellationToken)
    {
        var applied = await new DatabaseMigrator(trail.Database, services.Time).MigrateAsync(cancellationToken).ConfigureAwait(false);
        if (options.EnableFinetune)
        {
            applied = [.. applied, .. await new DatabaseMigrator(new FineTuneDatabase(trail.Database.Address), services.Time).MigrateAsync(cancellationToken).ConfigureAwait(false)];
        }

        if (applied.Count > 0)
        {
            await RecordAsync(trail, "database_migrated", applied[^1], applied.Count, cancellationToken).ConfigureAwait(false);
        }

        return applied;
    }

    /// <param name="services">What the command takes from outside.</param>
    /// <param name="area">Null: the host's own tables; else <see cref="FineTuneArea"/>, which loses all of its tables where no target is named.</param>
    /// <param name="target">The migration to go back to.</param>
    /// <param name="isConfirmed">Whether what the tables hold may go.</param>
    /// <param name="reporter">Where to.</param>
    /// <param name="cancellationToken">Stops between two migrations.</param>
    public static async Task<int> RollbackAsync(HostServices services, string? area, string? target, bool isConfirmed, Reporter reporter, CancellationToken cancellationToken)
    {
        if (area is not (null or FineTuneArea))
        {
            throw FaultException.Invalid("unknown_area", $"No area with tables of its own is called '{area}'.", $"Name {FineTuneArea}, or none for the host's own tables.", "area");
        }

        var trail = Open(services, Load(services, reporter));
        var migrator = area is null ? new DatabaseMigrator(trail.Database, services.Time) : new DatabaseMigrator(new FineTuneDatabase(trail.Database.Address), services.Time);
        target ??= area is null ? null : "0";
        var state = await migrator.ReadStateAsync(cancellationToken).ConfigureAwait(false);
        var planned = DatabaseMigrator.Undone(state, target);
        if (planned.Count > 0 && !isConfirmed)
        {
            throw FaultException.Invalid("not_confirmed", $"This undoes {string.Join(", ", planned)} and deletes what those tables hold.", "Back the database up, then add --yes.", "--yes");
        }

        if (planned.Count > 0 && (area is not null || state.Pending.Count == 0))
        {
            // Before, because the table may be among those that go.
            await RecordAsync(trail, "database_rollback_requested", planned[^1], planned.Count, cancellationToken).ConfigureAwait(false);
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
        var configuration = Load(services, reporter);
        var address = configuration.RequireDatabase();
        var state = await new DatabaseMigrator(new HostDatabase(address), services.Time).ReadStateAsync(cancellationToken).ConfigureAwait(false);
        var fineTune = await new DatabaseMigrator(new FineTuneDatabase(address), services.Time).ReadStateAsync(cancellationToken).ConfigureAwait(false);
        if (configuration.Options.EnableFinetune || fineTune.Applied.Count > 0)
        {
            state = state.With(fineTune, isWanted: configuration.Options.EnableFinetune);
        }

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

    private static HostConfiguration Load(HostServices services, Reporter reporter)
    {
        var configuration = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable });
        reporter.Say($"Database: {configuration.RequireDatabase().Display}");
        return configuration;
    }

    private static AuditTrail Open(HostServices services, HostConfiguration configuration) => new(configuration.RequireDatabase(), configuration.Options, services.Time);

    private static async Task RecordAsync(AuditTrail trail, string action, string migration, int count, CancellationToken cancellationToken)
    {
        var context = trail.Database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var entry = new AuditEntry
        {
            Actor = AuditActors.CommandLine,
            Action = action,
            ResourceType = "database",
            Details = new AuditDetails { Name = migration, Count = count },
        };
        await trail.Writer.WriteAsync(context, _ => Task.FromResult(entry), cancellationToken).ConfigureAwait(false);
    }

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];
}
