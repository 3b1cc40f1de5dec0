using System.Data.Common;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Audit;

public sealed class AuditVerifierTests(PostgresServer server)
{
    private const int Rows = 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    /// <summary>What is done to six rows, the first bad one, how many are sound before it, and what is said.</summary>
    public static TheoryData<string, string, int, string> Tamperings
    {
        get
        {
            var data = new TheoryData<string, string, int, string>();
            foreach (var kind in new[] { TestDatabase.Sqlite, TestDatabase.Postgres })
            {
                foreach (var column in new[] { "actor_id", "actor_name", "session_id", "ip_address", "resource_type", "resource_id", "correlation_id", "details" })
                {
                    data.Add(kind, $"UPDATE audit_log SET {column} = 'forged' WHERE seq = 3", 3, "Row 3 is not as it was written, or not in its place.");
                }

                data.Add(kind, "UPDATE audit_log SET action = 'user_seen' WHERE seq = 1", 1, "Row 1 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE audit_log SET created_at = created_at + 1 WHERE seq = 6", 6, "Row 6 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE audit_log SET actor_kind = 1 WHERE seq = 2", 2, "Row 2 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE audit_log SET outcome = 3 WHERE seq = 2", 2, "Row 2 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE audit_log SET session_id = NULL WHERE seq = 2", 2, "Row 2 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE audit_log SET hash = (SELECT hash FROM audit_log WHERE seq = 4) WHERE seq = 5", 5, "Row 5 is not as it was written, or not in its place.");
                data.Add(kind, "DELETE FROM audit_log WHERE seq = 4", 4, "Row 4 is missing; the next one is 5.");
                data.Add(kind, "DELETE FROM audit_log WHERE seq = 1", 1, "Row 1 is missing; the next one is 2.");
                data.Add(kind, "DELETE FROM audit_log WHERE seq = 4; UPDATE audit_log SET seq = 4 WHERE seq = 5; UPDATE audit_log SET seq = 5 WHERE seq = 6", 4, "Row 4 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE audit_log SET seq = 99 WHERE seq = 2; UPDATE audit_log SET seq = 2 WHERE seq = 3; UPDATE audit_log SET seq = 3 WHERE seq = 99", 2, "Row 2 is not as it was written, or not in its place.");
                data.Add(kind, "UPDATE instance SET instance_id = '00000000000000000000000000000000'", 1, "Row 1 is not as it was written, or not in its place.");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Tamperings))]
    public async Task Verify_TamperedRows_NamesTheFirst(string kind, string sql, int firstBad, string problem)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.AppendAsync(Rows);
        var before = await log.VerifyAsync();
        Assert.Equal((Rows, null, null), (before.SoundRows, before.FirstBadRow, before.Problem));
        await log.TamperAsync(sql);
        var report = await log.VerifyAsync();
        Assert.Equal((firstBad - 1, firstBad, problem), (report.SoundRows, report.FirstBadRow, report.Problem));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Verify_RowsCutOffBelowACheckpoint_SaysWhichAreMissing(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.AppendAsync(Rows);
        log.Trail.Checkpoints.Offer((await log.VerifyAsync()).Head!, isWanted: true);
        await log.TamperAsync("DELETE FROM audit_log WHERE seq > 4");
        var report = await log.VerifyAsync();
        Assert.Equal((4, 5), (report.SoundRows, report.FirstBadRow));
        Assert.Matches(@"^Rows 5 to 6 are missing at the end; a checkpoint of \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ holds row 6\.$", report.Problem);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Verify_RowsCutOffAndWrittenAnew_AreNotThoseOfTheCheckpoint(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.AppendAsync(Rows);
        log.Trail.Checkpoints.Offer((await log.VerifyAsync()).Head!, isWanted: true);
        await log.TamperAsync("DELETE FROM audit_log WHERE seq > 4");
        await log.AppendAsync(3, new AuditDetails { Name = "other" });
        var report = await log.VerifyAsync();
        Assert.Equal((5, 6), (report.SoundRows, report.FirstBadRow));
        Assert.StartsWith("Row 6 is not the one that a checkpoint of ", report.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_CheckpointChanged_NamesItsLine()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        await log.AppendAsync(2);
        log.Trail.Checkpoints.Offer((await log.VerifyAsync()).Head!, isWanted: true);
        var text = await File.ReadAllTextAsync(log.Paths.AuditCheckpoints, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(log.Paths.AuditCheckpoints, text.Replace("\"seq\":2", "\"seq\":1", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var report = await log.VerifyAsync();
        Assert.Equal((2, null, $"Line 2 of '{log.Paths.AuditCheckpoints}' is not as it was written."), (report.SoundRows, report.FirstBadRow, report.Problem));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Verify_RowsOfBeforeActorsHadNames_AreSoundAndStillGuarded(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.AppendAsync(3);
        var migrator = new DatabaseMigrator(log.Trail.Database, TimeProvider.System);
        await migrator.RollbackAsync("AuditLog", Token);
        await using (var before = log.Trail.Database.CreateContext())
        {
            await Assert.ThrowsAnyAsync<DbException>(() => before.Database.ExecuteSqlRawAsync("DELETE FROM audit_log", Token));
        }

        await migrator.MigrateAsync(Token);
        await log.AppendAsync();
        var report = await log.VerifyAsync();
        Assert.Equal((4L, null), (report.SoundRows, report.Problem));
        await using var context = log.Trail.Database.CreateContext();
        await Assert.ThrowsAnyAsync<DbException>(() => context.Database.ExecuteSqlRawAsync("DELETE FROM audit_log", Token));
    }

    [Fact]
    public async Task Verify_AnotherKey_FindsNoRowSound()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        await log.AppendAsync(2);
        File.Delete(log.Paths.AuditKey);
        var other = AuditKey.LoadOrCreate(log.Paths);
        var report = await log.VerifyAsync();
        Assert.Equal((0, 1, $"Row 1 names the key '{log.Trail.Key.Id}', and this home holds '{other.Id}'."), (report.SoundRows, report.FirstBadRow, report.Problem));
    }
}
