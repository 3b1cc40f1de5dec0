using Beep.Host.Audit;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Setup;

/// <summary>What the audit log of a home says.</summary>
internal static class SetupAudit
{
    /// <summary>A line a row: action, outcome, actor, address.</summary>
    public static async Task<string> ReadAsync(HostPaths paths, Dictionary<string, string>? environment = null) =>
        string.Join('\n', (await RowsAsync(paths, environment)).Select(row => $"{row.Action}|{row.Outcome}|{row.ActorKind}|{row.ActorId}|{row.IpAddress}"));

    public static async Task<List<AuditRow>> RowsAsync(HostPaths paths, Dictionary<string, string>? environment = null)
    {
        await using var context = SetupHarness.Open(paths, environment).CreateContext();
        return await context.Set<AuditRow>().AsNoTracking().OrderBy(row => row.Seq).ToListAsync(TestContext.Current.CancellationToken);
    }
}
