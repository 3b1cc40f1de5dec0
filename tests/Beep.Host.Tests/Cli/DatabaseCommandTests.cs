using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Cli;

public sealed class DatabaseCommandTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_StatusMigrateRollback_SayWhatTheyDid(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        Assert.Equal(kind == TestDatabase.Postgres, (bool)(await JsonAsync(database, 0, "status"))["exists"]!);
        var applied = (await JsonAsync(database, 0, "migrate"))["applied"]!.AsArray();
        Assert.NotEmpty(applied);
        var status = await JsonAsync(database, 0, "status");
        Assert.Equal(applied.ToJsonString(), status["applied"]!.ToJsonString());
        Assert.Empty(status["pending"]!.AsArray());
        Assert.Equal("not_confirmed", (string?)(await JsonAsync(database, 20, "rollback"))["faults"]![0]!["code"]);
        Assert.Equal("unknown_migration", (string?)(await JsonAsync(database, 20, "rollback", "--to", "Nowhere", "--yes"))["faults"]![0]!["code"]);
        Assert.Equal((string?)applied[^1], (string?)(await JsonAsync(database, 0, "rollback", "--yes"))["undone"]!.AsArray().Single());
        Assert.Equal((string?)applied[^1], (string?)(await JsonAsync(database, 0, "migrate"))["applied"]!.AsArray().Single());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_FineTuneArea_HasTablesOnlyWhileItIsOnAndLosesThemAlone(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        var host = (await JsonAsync(database, 0, "migrate"))["applied"]!.AsArray().Count;
        Assert.False(await HasTableAsync(database, "finetune_jobs"));
        Assert.Empty((await JsonAsync(database, 0, "status"))["pending"]!.AsArray());
        var added = (await JsonAsync(database, isOn: true, 0, "migrate"))["applied"]!.AsArray().Count;
        Assert.True(added > 0 && await HasTableAsync(database, "finetune_jobs"));
        Assert.Equal(host + added, (await JsonAsync(database, 0, "status"))["applied"]!.AsArray().Count);
        Assert.Equal("unknown_area", (string?)(await JsonAsync(database, 20, "rollback", "everything", "--yes"))["faults"]![0]!["code"]);
        Assert.Equal("not_confirmed", (string?)(await JsonAsync(database, 20, "rollback", "finetune"))["faults"]![0]!["code"]);
        Assert.Equal(added, (await JsonAsync(database, 0, "rollback", "finetune", "--yes"))["undone"]!.AsArray().Count);
        Assert.False(await HasTableAsync(database, "finetune_jobs"));
        Assert.Equal(host, (await JsonAsync(database, 0, "status"))["applied"]!.AsArray().Count);
    }

    [Fact]
    public async Task Run_StatusForAPerson_ShowsTheNextCommand()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        var terminal = new TestTerminal();
        Assert.Equal(0, await RunAsync(terminal, database, "db", "status"));
        Assert.Contains($"Database: SQLite file '{database.Paths.Database}'\n", terminal.Output, StringComparison.Ordinal);
        Assert.EndsWith("There is no database yet. Make it: beep db migrate\n", terminal.Output, StringComparison.Ordinal);
    }

    private static async Task<bool> HasTableAsync(TestDatabase database, string table)
    {
        await using var context = database.Open().CreateContext();
        var found = database.Address is SqliteAddress
            ? context.Database.SqlQuery<long>($"SELECT COUNT(*) AS \"Value\" FROM sqlite_master WHERE name = {table}")
            : context.Database.SqlQuery<long>($"SELECT COUNT(*) AS \"Value\" FROM pg_tables WHERE tablename = {table}");
        return await found.SingleAsync(TestContext.Current.CancellationToken) > 0;
    }

    private static Task<JsonNode> JsonAsync(TestDatabase database, int exitCode, params string[] arguments) => JsonAsync(database, isOn: false, exitCode, arguments);

    private static async Task<JsonNode> JsonAsync(TestDatabase database, bool isOn, int exitCode, params string[] arguments)
    {
        var terminal = new TestTerminal();
        Assert.Equal(exitCode, await BeepCommand.RunAsync(
            ["db", .. arguments, "--json"],
            terminal.Services() with { Variable = name => isOn && name == "ENABLE_FINETUNE" ? "true" : database.Variable(name) },
            TestContext.Current.CancellationToken));
        Assert.Empty(terminal.Error);
        return JsonNode.Parse(terminal.Output)!;
    }

    private static Task<int> RunAsync(TestTerminal terminal, TestDatabase database, params string[] arguments) =>
        BeepCommand.RunAsync(arguments, terminal.Services() with { Variable = database.Variable }, TestContext.Current.CancellationToken);
}
