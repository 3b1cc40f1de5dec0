using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Support;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Cli;

public sealed class AdminCommandTests(PostgresServer server)
{
    // "an old flask password" and "admin123", by the predecessor's library.
    private const string OldHash = "scrypt:32768:8:1$abcdefgh$90ce2a78b173a1726f4f03c11a10520b888f7af677ea1f38d992cfe02c78d30b2d4ee61853cf663c5bc86ad78a9942c2ac277580e00b0a0b9719b4da16e9af57";
    private const string KnownHash = "scrypt:32768:8:1$abcdefgh$d0edac41d00bd1f5e3a838a701811b08c1e79380ac3c9587b835870f5bf6c6258f14d79e787d9ee12e6a6ad478ce35785ef542dc2f965828bf5185f530dff6b1";

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_AdminOnAnEmptyDatabase_IsMadeResetAndLetIn(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        Assert.Equal("setup_required", Code(await JsonAsync(database, 20, ["admin", "break-glass"])));
        var made = await JsonAsync(database, 0, ["admin", "create"]);
        Assert.Equal(("admin", 20), ((string?)made["username"], ((string)made["password"]!).Length));
        Assert.Equal("username_taken", Code(await JsonAsync(database, 20, ["admin", "create", "--username", "Admin"])));
        Assert.Equal("bad_password_length", Code(await JsonAsync(database, 20, ["admin", "create", "--username", "ada"], ("BEEP_ADMIN_PASSWORD", "short"))));
        var file = Path.Combine(database.Paths.Home, "password");
        await File.WriteAllTextAsync(file, "a plain brown teapot\n", Token);
        Assert.Null((await JsonAsync(database, 0, ["admin", "create", "--username", "ada", "--email", "ada@example.org", "--password-file", file]))["password"]);
        Assert.Equal("bad_password_file", Code(await JsonAsync(database, 20, ["admin", "reset-password", "ada", "--password-file", file + "x"])));
        Assert.Null((await JsonAsync(database, 0, ["admin", "reset-password", "ADA"], ("BEEP_ADMIN_PASSWORD_FILE", file)))["password"]);
        Assert.Equal("no_user", Code(await JsonAsync(database, 20, ["admin", "reset-password", "nobody"])));
        var link = await JsonAsync(database, 0, ["admin", "break-glass", "--username", "ada"]);
        Assert.Equal("no_admin", Code(await JsonAsync(database, 20, ["admin", "break-glass", "--username", "nobody"])));
        Assert.Matches(@"^http://127\.0\.0\.1:5000/sign-in/link#[A-Za-z0-9_-]{43}$", (string?)link["link"]);
        await using var context = database.Open().CreateContext();
        Assert.True((await context.Set<User>().SingleAsync(user => user.UserName == "ada", Token)).MustChangePassword);
        Assert.Empty((await JsonAsync(database, 0, ["audit", "verify"]))["faults"]!.AsArray());
    }

    [Fact]
    public async Task Run_ImportOfTheFlaskFile_TakesWhatIsSafeAndSaysWhatIsNot()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        var file = WriteFlask(database.Paths.Home);
        Assert.Equal("setup_required", Code(await JsonAsync(database, 20, ["import", "flask", file])));
        await JsonAsync(database, 0, ["admin", "create", "--username", "root"]);
        var first = await JsonAsync(database, 0, ["import", "flask", file]);
        Assert.Equal(["admin", "ada", "sha", "plain"], Names(first["users"]!));
        Assert.Equal(["admin", "sha", "plain"], Names(first["need_reset"]!));
        Assert.Equal(["Trainers"], Names(first["roles"]!));
        Assert.Equal(["Lab"], Names(first["groups"]!));
        Assert.Equal(2, (int)first["members"]!);
        Assert.Equal("j\u00f6rg", (string?)Assert.Single(first["skipped"]!.AsArray())!["username"]);
        var second = await JsonAsync(database, 0, ["import", "flask", file]);
        Assert.Empty(second["users"]!.AsArray());
        Assert.Equal((5, 0), (second["skipped"]!.AsArray().Count, (int)second["members"]!));
        await using var context = database.Open().CreateContext();
        var ada = await context.Set<User>().SingleAsync(user => user.UserName == "ada", Token);
        Assert.Equal((OldHash, false, null, new DateTimeOffset(2025, 12, 10, 1, 2, 3, TimeSpan.Zero).AddTicks(4560)), (ada.PasswordHash, ada.MustChangePassword, ada.Email, ada.CreatedAt));
        Assert.True(Beep.Host.Identity.Passwords.WerkzeugHash.Parse(OldHash)!.Verify("an old flask password"));
        var admin = await context.Set<User>().SingleAsync(user => user.UserName == "admin", Token);
        Assert.Equal((null, true), (admin.PasswordHash, admin.MustChangePassword));
        Assert.Equal(["llm:view"], (await context.Set<Beep.Host.Identity.Roles.Role>().SingleAsync(role => role.Name == "Trainers", Token)).Permissions);
        Assert.False((await context.Set<User>().SingleAsync(user => user.UserName == "plain", Token)).IsActive);
        Assert.Equal(2, await context.Set<UserGroup>().CountAsync(Token));
    }

    [Fact]
    public async Task Run_ImportOfSomethingElse_SaysSo()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        var file = Path.Combine(database.Paths.Home, "notes.txt");
        await File.WriteAllTextAsync(file, "These are notes, and long enough to be looked at as if they were a database.", Token);
        Assert.Equal("bad_flask_file", Code(await JsonAsync(database, 20, ["import", "flask", file])));
        Assert.Equal("no_file", Code(await JsonAsync(database, 20, ["import", "flask", file + "x"])));
        Assert.False(File.Exists(file + "x"));
    }

    private static string WriteFlask(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "beep_data.db");
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            CREATE TABLE roles (id INTEGER PRIMARY KEY, name VARCHAR(80), description TEXT, permissions TEXT, is_system BOOLEAN, created_at DATETIME);
            CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(80), password_hash VARCHAR(255), email VARCHAR(120), display_name VARCHAR(120), is_admin BOOLEAN, is_active BOOLEAN, created_at DATETIME, last_login DATETIME, role_id INTEGER);
            CREATE TABLE groups (id INTEGER PRIMARY KEY, name VARCHAR(80), description TEXT, is_active BOOLEAN, created_at DATETIME, created_by INTEGER);
            CREATE TABLE user_groups (id INTEGER PRIMARY KEY, user_id INTEGER, group_id INTEGER, added_at DATETIME, added_by INTEGER);
            INSERT INTO roles VALUES (1, 'Admin', '', '["llm:view"]', 1, NULL), (2, 'Trainers', '', '["llm:view","rag:read"]', 0, NULL);
            INSERT INTO users VALUES
                (1, 'admin', '{KnownHash}', NULL, NULL, 1, 1, NULL, NULL, 1),
                (2, 'ada', '{OldHash}', 'no address', 'Ada', 0, 1, '2025-12-10 01:02:03.000456', NULL, 2),
                (3, 'sha', '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8', NULL, NULL, 0, 1, NULL, NULL, 9),
                (4, 'plain', 'hunter2', NULL, NULL, 0, 0, NULL, NULL, NULL),
                (5, 'jörg', 'x', NULL, NULL, 0, 1, NULL, NULL, NULL);
            INSERT INTO groups VALUES (7, 'default', '', 1, NULL, NULL), (8, 'Lab', '', 1, NULL, NULL);
            INSERT INTO user_groups VALUES (1, 2, 7, NULL, NULL), (2, 2, 8, NULL, NULL), (3, 5, 8, NULL, NULL), (4, 99, 8, NULL, NULL);
            """;
        command.ExecuteNonQuery();
        return path;
    }

    private static string[] Names(JsonNode names) => [.. names.AsArray().Select(name => (string)name!)];

    private static string? Code(JsonNode result) => (string?)result["faults"]![0]!["code"];

    private static async Task<JsonNode> JsonAsync(TestDatabase database, int exitCode, string[] arguments, params (string Name, string Value)[] variables)
    {
        var terminal = new TestTerminal();
        var services = terminal.Services() with { Variable = name => variables.FirstOrDefault(pair => pair.Name == name).Value ?? database.Variable(name) };
        var code = await BeepCommand.RunAsync([.. arguments, "--json"], services, Token);
        Assert.True(exitCode == code, terminal.Output + terminal.Error);
        return JsonNode.Parse(terminal.Output)!;
    }
}
