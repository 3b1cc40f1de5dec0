using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;

namespace Beep.Host.Tasks.Handlers;

/// <summary>Verifies the audit log. That it is not sound is a result and no failure of the task.</summary>
internal sealed class VerifyAudit(HostDatabase database, AuditKey key, HostPaths paths) : ITaskHandler
{
    public string Kind => "audit.verify";

    public TaskStart? Start { get; } = new(Permissions.AuditRead, "Verify the audit log");

    public async Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var report = await new AuditVerifier(key, new AuditCheckpointFile(paths.AuditCheckpoints)).VerifyAsync(context, cancellationToken).ConfigureAwait(false);
        var message = report.Problem is null ? $"{Units.Count(report.SoundRows, "row")}, all sound." : $"Not sound: {report.Problem}";
        run.Log(message);
        await run.ReportAsync(100, message, cancellationToken).ConfigureAwait(false);
        return new JsonObject
        {
            ["sound"] = report.Problem is null,
            ["sound_rows"] = report.SoundRows,
            ["first_bad_row"] = report.FirstBadRow,
            ["problem"] = report.Problem,
            ["checkpoints"] = report.Checkpoints,
            ["last_checkpointed_row"] = report.LastCheckpointedRow,
        };
    }
}
