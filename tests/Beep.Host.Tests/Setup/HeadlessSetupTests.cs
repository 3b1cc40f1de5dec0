using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Records;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Setup;

/// <summary>A setup without pages.</summary>
public sealed class HeadlessSetupTests(PostgresServer server)
{
    private const string GoodSecret = "qF3vT8mZ1xK6wB9nL2rD7hJ4pS0cY5gU";

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task HeadlessSecrets_FromFiles_SetTheHostUpAndAreShownNowhere(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        var files = Directory.CreateDirectory(Path.Combine(database.Paths.Home, "secrets")).FullName;
        var environment = new Dictionary<string, string>
        {
            ["SECRET_KEY_FILE"] = Write("secret", GoodSecret), ["DATABASE_URL_FILE"] = Write("database", database.Url), ["BEEP_ADMIN_PASSWORD_FILE"] = Write("password", SetupHarness.Password),
        };
        var terminal = new TestTerminal();
        Assert.Equal(0, await RunAsync(terminal, database, environment, "admin", "create", "--username", "ada"));
        Assert.Contains("This host is set up. 'ada' is its first Admin.", terminal.Output, StringComparison.Ordinal);
        Assert.Contains("beep serve", terminal.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(GoodSecret, terminal.Output + terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(SetupHarness.Password, terminal.Output + terminal.Error, StringComparison.Ordinal);
        // The environment holds it all: nothing of it is copied.
        Assert.False(File.Exists(database.Paths.Configuration));
        await using var context = database.Open().CreateContext();
        Assert.True((await context.Set<User>().SingleAsync(Cancellation)).MustChangePassword);
        Assert.Equal("ada", (await context.Set<SetupRecord>().SingleAsync(Cancellation)).CompletedBy);
        Assert.Equal(0, await RunAsync(new TestTerminal(), database, environment, "audit", "verify"));

        string Write(string name, string text)
        {
            var path = Path.Combine(files, name);
            File.WriteAllText(path, text + "\n");
            return path;
        }
    }

    [Fact]
    public async Task HeadlessSecrets_NoSecretKey_OneIsMadeAndThePasswordIsShownOnce()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        var terminal = new TestTerminal();
        Assert.Equal(0, await RunAsync(terminal, database, [], "admin", "create", "--json"));
        var answer = JsonNode.Parse(terminal.Output)!;
        Assert.Equal(20, ((string)answer["password"]!).Length);
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(database.Paths.Configuration, Cancellation))!.AsObject();
        Assert.Equal("SECRET_KEY", Assert.Single(settings).Key);
        Assert.Equal(48, Convert.FromBase64String((string)settings["SECRET_KEY"]!).Length);
        Assert.True(await SetupState.IsCompleteAsync(database.Open(), Cancellation));
    }

    [Theory]
    [InlineData("changeme-changeme-changeme-changeme", "a good long password", "placeholder_secret")]
    [InlineData(GoodSecret, "short", "bad_password_length")]
    [InlineData(GoodSecret, "admin admin admin", "password_holds_username")]
    public async Task HeadlessSecrets_Weak_ChangeNothing(string secret, string password, string code)
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        var terminal = new TestTerminal();
        Assert.Equal(20, await RunAsync(terminal, database, new() { ["SECRET_KEY"] = secret, ["BEEP_ADMIN_PASSWORD"] = password }, "admin", "create", "--json"));
        Assert.Equal(code, (string?)JsonNode.Parse(terminal.Output)!["faults"]![0]!["code"]);
        Assert.DoesNotContain(secret, terminal.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(database.Paths.Database));
        Assert.False(File.Exists(database.Paths.Configuration));
    }

    [Fact]
    public async Task SsoOrApiPathMakesFirstAdmin_EveryCommandThatKnowsPeople_AsksWhetherTheHostIsSetUp()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        foreach (var arguments in new[] { new[] { "admin", "reset-password", "ada" }, ["admin", "break-glass"] })
        {
            var terminal = new TestTerminal();
            Assert.Equal(20, await RunAsync(terminal, database, [], [.. arguments, "--json"]));
            Assert.Equal("setup_required", (string?)JsonNode.Parse(terminal.Output)!["faults"]![0]!["code"]);
        }

        Assert.False(File.Exists(database.Paths.Database));
    }

    [Fact]
    public async Task SsoOrApiPathMakesFirstAdmin_AFurtherAdmin_LeavesTheRecordAsItIs()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        foreach (var name in new[] { "ada", "grace" })
        {
            Assert.Equal(0, await RunAsync(new TestTerminal(), database, [], "admin", "create", "--username", name));
        }

        await using var context = database.Open().CreateContext();
        Assert.Equal(2, await context.Set<User>().CountAsync(Cancellation));
        Assert.Equal("ada", (await context.Set<SetupRecord>().SingleAsync(Cancellation)).CompletedBy);
        var repeated = new TestTerminal();
        Assert.Equal(20, await RunAsync(repeated, database, [], "admin", "create", "--username", "ada", "--json"));
        Assert.Equal("username_taken", (string?)JsonNode.Parse(repeated.Output)!["faults"]![0]!["code"]);
    }

    [Fact]
    public async Task Serve_SetUpAndWithoutSecretKey_RefusesWithARemedy()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        Assert.Equal(0, await RunAsync(new TestTerminal(), database, [], "admin", "create"));
        File.Delete(database.Paths.Configuration);
        var terminal = new TestTerminal();
        Assert.Equal(20, await RunAsync(terminal, database, [], "serve"));
        Assert.Contains("This host is set up, and SECRET_KEY is not set. Restore", terminal.Error, StringComparison.Ordinal);
        Assert.EndsWith("[missing_secret_key]\n", terminal.Error, StringComparison.Ordinal);
    }

    private static Task<int> RunAsync(TestTerminal terminal, TestDatabase database, Dictionary<string, string> environment, params string[] arguments) =>
        BeepCommand.RunAsync(arguments, terminal.Services() with
        {
            Variable = name => environment.TryGetValue(name, out var value) ? value : environment.ContainsKey(name + "_FILE") ? null : name == "BEEP_PYTHON_HOME" || !environment.ContainsKey("DATABASE_URL_FILE") ? database.Variable(name) : null,
        }, Cancellation);
}
