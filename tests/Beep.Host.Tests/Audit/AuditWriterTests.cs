using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Audit;

public sealed class AuditWriterTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_FiftyAtOnce_MakeOneUnbrokenChain(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => log.AppendAsync(), Token)));
        Assert.Equal(Enumerable.Range(1, 50).Select(seq => (long)seq), (await log.RowsAsync()).Select(row => row.Seq));
        var report = await log.VerifyAsync();
        Assert.Equal((50, null), (report.SoundRows, report.Problem));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_InTheCallersTransaction_IsThereOrNotWithTheChange(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        var renamed = new string('a', 32);
        await using (var context = log.Trail.Database.CreateContext())
        {
            await using var transaction = await context.Database.BeginTransactionAsync(Token);
            await RenameAsync(context, renamed);
            await log.Trail.Writer.AppendAsync(context, AuditLog.Entry(), Token);
            await transaction.RollbackAsync(Token);
        }

        Assert.Empty(await log.RowsAsync());
        Assert.Empty(log.Checkpoints.Read());
        Assert.NotEqual(renamed, await NameAsync(log));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_RowThatTheDatabaseRefuses_RollsTheChangeBack(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.ExecuteAsync(kind == TestDatabase.Sqlite
            ? "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no room'); END"
            : "CREATE TRIGGER no_room BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()");
        var renamed = new string('b', 32);
        await using (var context = log.Trail.Database.CreateContext())
        {
            await using var transaction = await context.Database.BeginTransactionAsync(Token);
            await RenameAsync(context, renamed);
            await Assert.ThrowsAsync<DbUpdateException>(() => log.Trail.Writer.AppendAsync(context, AuditLog.Entry(), Token));
            // A caller that goes on regardless has nothing left to commit.
            await Assert.ThrowsAsync<InvalidOperationException>(() => transaction.CommitAsync(Token));
        }

        Assert.NotEqual(renamed, await NameAsync(log));
        Assert.Empty(await log.RowsAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Rows_ChangedOrRemoved_AreRefusedByTheDatabase(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.AppendAsync(2);
        string[] attempts =
        [
            "UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log WHERE seq = 2",
            kind == TestDatabase.Sqlite ? "REPLACE INTO audit_log SELECT * FROM audit_log WHERE seq = 1" : "TRUNCATE audit_log",
        ];
        foreach (var sql in attempts)
        {
            var error = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => log.ExecuteAsync(sql));
            Assert.Contains("audit_log is append-only", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await log.VerifyAsync()).SoundRows);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_EveryField_IsStoredAndReadBack(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        await log.AppendAsync(1, new AuditDetails { Name = "Ada \"é\"", From = "User", To = "Admin", Reason = "asked", Fields = ["role", "groups"], Count = 3 });
        var row = Assert.Single(await log.RowsAsync());
        Assert.Equal(
            (1, AuditActorKind.User, "7", "s-1", "192.0.2.1", "user_created", "user", "8", AuditOutcome.Succeeded, "c-1", log.Trail.Key.Id),
            (row.Seq, row.ActorKind, row.ActorId, row.SessionId, row.IpAddress, row.Action, row.ResourceType, row.ResourceId, row.Outcome, row.CorrelationId, row.KeyId));
        Assert.Equal("""{"count":3,"fields":["role","groups"],"from":"User","name":"Ada \u0022\u00E9\u0022","reason":"asked","to":"Admin"}""", row.Details);
        Assert.Equal(32, row.Hash.Length);
    }

    [Fact]
    public async Task Append_SecretsAndForgedLines_NeverGetIn()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        await log.AppendAsync(1, new AuditDetails { Name = "a\r\nb\u202Ec", From = $"key {AuditLog.Secret} end", To = "postgresql://ada:hunter2@host/db", Reason = new string('x', 5000), Fields = ["password=hunter2"] });
        var details = Assert.Single(await log.RowsAsync()).Details!;
        Assert.DoesNotContain(AuditLog.Secret, details, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", details, StringComparison.Ordinal);
        Assert.Contains("""
            "name":"a\\u000D\\u000Ab\\u202Ec"
            """.Trim(), details, StringComparison.Ordinal);
        Assert.True(details.Length <= AuditRow.LongestDetails);
        foreach (var file in Directory.EnumerateFiles(log.Paths.Home, "beep.db*"))
        {
            Assert.DoesNotContain("hunter2", System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Token)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Bearer abcdefghijkl", "Bearer [secret]")]
    [InlineData("ftk_ab12cd34_0123456789abcdef0123456789", "[secret]")]
    [InlineData("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "[secret]")]
    [InlineData("client_secret: \"x1y2\", id", "client_secret: \"[secret]\", id")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nabc", "[secret]")]
    [InlineData("token_lifetime raised", "token_lifetime raised")]
    [InlineData("https://example.org/a:b@c", "https://example.org/a:b@c")]
    [InlineData("a\u2028b\u0000", "a\\u2028b\\u0000")]
    public void Clean_SecretShapesAndMarks_AreReplaced(string text, string expected) => Assert.Equal(expected, new AuditText([]).Clean(text, 1000));

    [Fact]
    public async Task Append_OutsideATransactionOrWithAWrongName_IsRefused()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        await using var context = log.Trail.Database.CreateContext();
        await Assert.ThrowsAsync<InvalidOperationException>(() => log.Trail.Writer.AppendAsync(context, AuditLog.Entry(), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => log.Trail.Writer.WriteAsync(context, _ => Task.FromResult(AuditLog.Entry("User Created")), Token));
        Assert.Empty(await log.RowsAsync());
    }

    [Fact]
    public async Task Append_ChainOfAnotherKey_IsNotContinued()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        await log.AppendAsync();
        File.Delete(log.Paths.AuditKey);
        var key = AuditKey.LoadOrCreate(log.Paths);
        var writer = new AuditWriter(key, new AuditText([]), new AuditCheckpoints(log.Checkpoints, key, TimeProvider.System), TimeProvider.System);
        await using var context = log.Trail.Database.CreateContext();
        var error = await Assert.ThrowsAsync<FaultException>(() => writer.WriteAsync(context, _ => Task.FromResult(AuditLog.Entry()), Token));
        Assert.Equal(
            $"keys/audit.key: The audit log is signed with the key '{log.Trail.Key.Id}', and this home holds '{key.Id}'. Restore keys/audit.key from the backup, or copy it from the host that shares this database. [audit_key_changed]",
            error.Message);
    }

    [Fact]
    public async Task Key_Made_IsPrivateAndMadeOnce()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        File.Delete(log.Paths.AuditKey);
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => AuditKey.LoadOrCreate(log.Paths).Id, Token)));
        Assert.Single(ids.Distinct());
        Assert.Equal([log.Paths.AuditKey], Directory.EnumerateFileSystemEntries(log.Paths.Keys));
        Assert.Equal(32, new FileInfo(log.Paths.AuditKey).Length);
        Assert.False(PrivateFiles.IsOpenToOthers(log.Paths.AuditKey) || PrivateFiles.IsOpenToOthers(log.Paths.Keys));
    }

    [Fact]
    public void Key_OpenToOthersOrCutOff_IsRefused()
    {
        using var folder = new Beep.Tests.TemporaryFolder();
        var paths = new HostPaths(folder.Path);
        AuditKey.LoadOrCreate(paths);
        using (var stream = new FileStream(paths.AuditKey, FileMode.Open))
        {
            stream.SetLength(5);
        }

        Assert.Equal("bad_audit_key", Assert.Throws<FaultException>(() => AuditKey.Load(paths)).Faults.Single().Code);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(paths.AuditKey, PrivateFiles.FileMode | UnixFileMode.GroupRead);
            Assert.Equal("open_to_others", Assert.Throws<FaultException>(() => AuditKey.Load(paths)).Faults.Single().Code);
        }
    }

    private static Task RenameAsync(HostDbContext context, string id) =>
        context.Set<Instance>().ExecuteUpdateAsync(set => set.SetProperty(instance => instance.InstanceId, id), Token);

    private static async Task<string> NameAsync(AuditLog log)
    {
        await using var context = log.Trail.Database.CreateContext();
        return (await context.Set<Instance>().SingleAsync(Token)).InstanceId;
    }
}
