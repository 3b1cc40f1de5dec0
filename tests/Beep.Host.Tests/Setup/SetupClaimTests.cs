using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Records;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Setup;

/// <summary>What a completion leaves: once, whole, and for good.</summary>
public sealed class SetupClaimTests(PostgresServer server)
{
    private const int Claims = 50;

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    public static TheoryData<string> Points => [.. Enum.GetNames<CompletionPoint>()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task TwoSubmitsRace_FiftyAtOnce_MakeOneAdmin(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        await using var setup = await SetupHarness.StartAsync(database.Paths);
        var answers = await Task.WhenAll(Enumerable.Range(0, Claims).Select(number => setup.InitializeAsync(SetupHarness.Body(database.Address, $"ada{number}"))));
        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(Claims - 1, answers.Count(answer => answer.Status == HttpStatusCode.Conflict && (string?)answer.Body!["code"] == "already_set_up"));
        await AssertOneAdminAsync(database.Open());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task TwoSubmitsRace_TwoServers_MakeOneAdmin(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        using var other = new TemporaryFolder();
        // Two processes of one home; for a server also two homes, which no lock of a file keeps apart.
        var second = kind == TestDatabase.Postgres ? new HostPaths(other.Path) : database.Paths;
        await using var one = await SetupHarness.StartAsync(database.Paths);
        await using var two = await SetupHarness.StartAsync(second);
        var answers = await Task.WhenAll(new[] { one, two, one, two }.Select((setup, number) => setup.InitializeAsync(SetupHarness.Body(database.Address, $"ada{number}"))));
        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(3, answers.Count(answer => answer.Status == HttpStatusCode.Conflict));
        await AssertOneAdminAsync(database.Open());
        var won = (answers[0].Status == HttpStatusCode.OK || answers[2].Status == HttpStatusCode.OK) ? database.Paths : second;
        Assert.True(File.Exists(won.Configuration));
        Assert.Equal(won == second || second == database.Paths, File.Exists(second.Configuration));
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task CrashMidway_AtAnyPoint_BeginningAgainCompletes(string name)
    {
        var point = Enum.Parse<CompletionPoint>(name);
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        using var left = new TemporaryFolder();
        // What a killed process leaves is what its files hold at that moment.
        await using (var setup = await SetupHarness.StartAsync(database.Paths, watch: reached =>
        {
            if (reached == point)
            {
                Copy(database.Paths.Home, left.Path);
            }

            return Task.CompletedTask;
        }))
        {
            Assert.Equal(HttpStatusCode.OK, (await setup.InitializeAsync(SetupHarness.Body(database.Address))).Status);
        }

        var paths = new HostPaths(left.Path);
        var wasCommitted = point >= CompletionPoint.Committed;
        Assert.Equal(wasCommitted, await SetupState.IsCompleteAsync(SetupHarness.Open(paths), Cancellation));
        var before = await Key(paths);
        await using (var again = await SetupHarness.StartAsync(paths))
        {
            var (status, body, _) = await again.InitializeAsync(SetupHarness.Body(new SqliteAddress(paths.Database)));
            Assert.Equal(wasCommitted ? HttpStatusCode.Conflict : HttpStatusCode.OK, status);
            Assert.Equal(wasCommitted ? "already_set_up" : null, (string?)body!["code"]);
        }

        await AssertOneAdminAsync(SetupHarness.Open(paths));
        Assert.Equal(before ?? await Key(paths), await Key(paths));
        Clear(paths);
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task CrashMidway_WithAFault_LeavesNothingHalfDoneOnPostgres(string name)
    {
        var point = Enum.Parse<CompletionPoint>(name);
        using var database = await TestDatabase.CreateAsync(TestDatabase.Postgres, server);
        var isFailing = true;
        await using var setup = await SetupHarness.StartAsync(database.Paths, watch: reached => isFailing && reached == point ? throw new IOException("pulled") : Task.CompletedTask);
        var first = await setup.InitializeAsync(SetupHarness.Body(database.Address));
        Assert.Equal((HttpStatusCode.InternalServerError, "unexpected"), (first.Status, (string?)first.Body!["code"]));
        Assert.DoesNotContain("pulled", first.Body.ToJsonString(), StringComparison.Ordinal);
        isFailing = false;
        var second = await setup.InitializeAsync(SetupHarness.Body(database.Address));
        Assert.Equal(point >= CompletionPoint.Committed ? HttpStatusCode.Conflict : HttpStatusCode.OK, second.Status);
        await AssertOneAdminAsync(database.Open());
    }

    [Fact]
    public async Task DeletedUsersReopenSetup_NoUserLeft_StaysSetUp()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using (var setup = await SetupHarness.StartAsync(database.Paths))
        {
            await setup.InitializeAsync(SetupHarness.Body(database.Address));
        }

        await using var context = database.Open().CreateContext();
        Assert.Equal(1, await context.Set<User>().ExecuteDeleteAsync(Cancellation));
        Assert.True(await SetupState.IsCompleteAsync(database.Open(), Cancellation));
        await using var again = await SetupHarness.StartAsync(database.Paths);
        Assert.Equal(HttpStatusCode.Conflict, (await again.InitializeAsync(SetupHarness.Body(database.Address))).Status);
        Assert.False(await context.Set<User>().AnyAsync(Cancellation));
    }

    [Theory]
    [InlineData("completed", null)]
    [InlineData("is_complete", null)]
    [InlineData("setup", null)]
    [InlineData("role_id", "admin")]
    [InlineData("must_change_password", "admin")]
    [InlineData("is_active", "admin")]
    public async Task StateFlippedByParameterBinding_AnUnknownField_IsRefused(string field, string? parent)
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using var setup = await SetupHarness.StartAsync(database.Paths);
        var body = SetupHarness.Body(database.Address);
        (parent is null ? body : body[parent]!.AsObject())[field] = true;
        var (status, answer, _) = await setup.InitializeAsync(body);
        Assert.Equal((HttpStatusCode.BadRequest, "bad_json"), (status, (string?)answer!["code"]));
        Assert.False(File.Exists(database.Paths.Database));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task StateFlippedByParameterBinding_TheRecord_IsOneRowForGood(string kind)
    {
        using var database = await TestDatabase.CreateMigratedAsync(kind, server);
        await using var context = database.Open().CreateContext();
        Assert.False(await SetupState.IsCompleteAsync(database.Open(), Cancellation));
        foreach (var id in new[] { 2, 0 })
        {
            await Assert.ThrowsAnyAsync<Exception>(() => context.Database.ExecuteSqlAsync($"INSERT INTO setup (id, completed_at, completed_by, admin_user_id) VALUES ({id}, 1, 'x', 1)", Cancellation));
        }

        await context.Database.ExecuteSqlAsync($"INSERT INTO setup (id, completed_at, completed_by, admin_user_id) VALUES (1, 1, 'x', 1)", Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(() => context.Database.ExecuteSqlAsync($"INSERT INTO setup (id, completed_at, completed_by, admin_user_id) VALUES (1, 1, 'x', 1)", Cancellation));
        Assert.True(await SetupState.IsCompleteAsync(database.Open(), Cancellation));
    }

    private static async Task AssertOneAdminAsync(HostDatabase database)
    {
        await using var context = database.CreateContext();
        var user = Assert.Single(await context.Set<User>().AsNoTracking().ToListAsync(Cancellation));
        Assert.True(user.MustChangePassword);
        var record = Assert.Single(await context.Set<SetupRecord>().AsNoTracking().ToListAsync(Cancellation));
        Assert.Equal((user.Id, user.UserName), (record.AdminUserId, record.CompletedBy));
    }

    private static async Task<string?> Key(HostPaths paths) =>
        File.Exists(paths.Configuration) ? (string?)JsonNode.Parse(await File.ReadAllTextAsync(paths.Configuration, Cancellation))!["SECRET_KEY"] : null;

    private static void Copy(string from, string to)
    {
        // A lock dies with its process.
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            PrivateFiles.CreateFolder(Path.GetDirectoryName(target)!);
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = PrivateFiles.Open(target, FileMode.Create, FileShare.None);
            source.CopyTo(copy);
        }
    }

    private static void Clear(HostPaths paths)
    {
        using var connection = new SqliteConnection(ConnectionStrings.Of(new SqliteAddress(paths.Database)));
        SqliteConnection.ClearPool(connection);
    }
}
