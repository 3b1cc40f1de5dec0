using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Cli;

public sealed class AuditCommandTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_VerifyAfterMigrations_CountsThemAndFindsTheirLoss(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        Assert.Equal("database_not_current", (string?)(await JsonAsync(database, 20, "audit", "verify"))["faults"]![0]!["code"]);
        await JsonAsync(database, 0, "db", "migrate");
        Assert.Equal((1, 1), Counts(await JsonAsync(database, 0, "audit", "verify")));

        await using (var context = database.Open().CreateContext())
        {
            var trigger = kind == TestDatabase.Sqlite ? "DROP TRIGGER audit_log_no_delete" : "DROP TRIGGER audit_log_no_change ON audit_log";
            await context.Database.ExecuteSqlRawAsync(trigger, Token);
            await context.Database.ExecuteSqlRawAsync("DELETE FROM audit_log", Token);
        }

        var broken = await JsonAsync(database, 20, "audit", "verify");
        Assert.Equal((1, 0), ((int)broken["first_bad_row"]!, (int)broken["sound_rows"]!));
        Assert.Equal(("audit_broken", "audit_log:1"), ((string?)broken["faults"]![0]!["code"], (string?)broken["faults"]![0]!["where"]));
    }

    [Fact]
    public async Task Run_RollbackOfTheAuditLog_IsSeenAfterTheNextMigration()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await JsonAsync(database, 0, "db", "migrate");
        await JsonAsync(database, 0, "audit", "verify");
        await JsonAsync(database, 0, "db", "rollback", "--to", "Initial", "--yes");
        await JsonAsync(database, 0, "db", "migrate");
        Assert.Equal(1, (int)(await JsonAsync(database, 20, "audit", "verify"))["first_bad_row"]!);
    }

    private static (int Rows, int Checkpoints) Counts(JsonNode result) => ((int)result["sound_rows"]!, (int)result["checkpoints"]!);

    private static async Task<JsonNode> JsonAsync(TestDatabase database, int exitCode, params string[] arguments)
    {
        var terminal = new TestTerminal();
        var code = await BeepCommand.RunAsync([.. arguments, "--json"], terminal.Services() with { Variable = database.Variable }, Token);
        Assert.True(exitCode == code, terminal.Output + terminal.Error);
        return JsonNode.Parse(terminal.Output)!;
    }
}
