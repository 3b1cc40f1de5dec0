using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Tests.Support;

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

    [Fact]
    public async Task Run_StatusForAPerson_ShowsTheNextCommand()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        var terminal = new TestTerminal();
        Assert.Equal(0, await RunAsync(terminal, database, "db", "status"));
        Assert.Contains($"Database: SQLite file '{database.Paths.Database}'\n", terminal.Output, StringComparison.Ordinal);
        Assert.EndsWith("There is no database yet. Make it: beep db migrate\n", terminal.Output, StringComparison.Ordinal);
    }

    private static async Task<JsonNode> JsonAsync(TestDatabase database, int exitCode, params string[] arguments)
    {
        var terminal = new TestTerminal();
        Assert.Equal(exitCode, await RunAsync(terminal, database, ["db", .. arguments, "--json"]));
        Assert.Empty(terminal.Error);
        return JsonNode.Parse(terminal.Output)!;
    }

    private static Task<int> RunAsync(TestTerminal terminal, TestDatabase database, params string[] arguments) =>
        BeepCommand.RunAsync(arguments, terminal.Services() with { Variable = database.Variable }, TestContext.Current.CancellationToken);
}
