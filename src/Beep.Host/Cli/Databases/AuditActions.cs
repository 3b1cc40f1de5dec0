using System.Data.Common;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Databases;

/// <summary>What <c>beep audit verify</c> does.</summary>
internal static class AuditActions
{
    public static async Task<int> VerifyAsync(HostServices services, Reporter reporter, CancellationToken cancellationToken)
    {
        var configuration = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable });
        var database = new HostDatabase(configuration.RequireDatabase());
        reporter.Say($"Database: {database.Address.Display}");
        var state = await new DatabaseMigrator(database, services.Time).ReadStateAsync(cancellationToken).ConfigureAwait(false);
        if (!state.Exists || state.Pending.Count > 0)
        {
            throw FaultException.Invalid("database_not_current", "The database does not have every table of this version.", $"Run {CommandLineText.Call("db", "migrate")}.", DatabaseAddress.Variable);
        }

        var paths = configuration.Options.Paths;
        var key = AuditKey.Load(paths) ?? throw FaultException.Invalid("no_audit_key", $"There is no key '{paths.AuditKey}'.", "Restore it from the backup, or copy it from the host that shares this database.", paths.AuditKey);
        var file = new AuditCheckpointFile(paths.AuditCheckpoints);
        var report = await VerifyAsync(database, key, file, cancellationToken).ConfigureAwait(false);
        var more = new JsonObject
        {
            ["sound_rows"] = report.SoundRows,
            ["first_bad_row"] = report.FirstBadRow,
            ["checkpoints"] = report.Checkpoints,
            ["last_checkpointed_row"] = report.LastCheckpointedRow,
        };
        if (report.Problem is { } problem)
        {
            var sound = report.SoundRows == 1 ? "1 row is sound." : $"{Units.Count(report.SoundRows)} rows are sound.";
            return reporter.Fail(
                WorkerExitCode.Invalid,
                [new Fault("audit_broken", $"{problem} {sound}", "Keep the database and the logs as they are, and compare them with a backup.", report.FirstBadRow is null ? null : $"audit_log:{report.FirstBadRow}")],
                more);
        }

        if (report.Head is { } head)
        {
            // What was just found to be sound cannot be cut off unseen from now on.
            new AuditCheckpoints(file, key, services.Time).Offer(head, isWanted: true);
        }

        reporter.Say($"{reporter.Terminal.Good("The audit log is sound")}: rows: {Units.Count(report.SoundRows)}, checkpoints: {Units.Count(report.Checkpoints)}.");
        if (report.SoundRows > report.LastCheckpointedRow)
        {
            reporter.Say($"No checkpoint held the rows after {report.LastCheckpointedRow} until now: whether some were cut off before cannot be told.");
        }

        return reporter.Finish(WorkerExitCode.Succeeded, [], more);
    }

    private static async Task<AuditReport> VerifyAsync(HostDatabase database, AuditKey key, AuditCheckpointFile file, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        try
        {
            return await new AuditVerifier(key, file).VerifyAsync(context, cancellationToken).ConfigureAwait(false);
        }
        catch (DbException error)
        {
            throw DatabaseFaults.Failed(database.Address, error);
        }
    }
}
