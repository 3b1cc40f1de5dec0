using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Data;

public sealed class DatabaseMigratorTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Migrate_EmptyDatabase_GoesForwardAndBackAndForward(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        var migrator = Migrator(database);
        var before = await migrator.ReadStateAsync(Token);
        Assert.Empty(before.Applied);
        Assert.Null(before.InstanceId);
        Assert.Equal(before.Pending, await migrator.MigrateAsync(Token));

        var after = await migrator.ReadStateAsync(Token);
        Assert.True(after.Exists);
        Assert.Equal(before.Pending, after.Applied);
        Assert.Empty(after.Pending);
        Assert.Matches("^[0-9a-f]{32}$", after.InstanceId);
        Assert.Empty(await migrator.MigrateAsync(Token));
        Assert.Equal(after.InstanceId, (await migrator.ReadStateAsync(Token)).InstanceId);

        Assert.Equal(after.Applied.Reverse(), await migrator.RollbackAsync("0", Token));
        Assert.Equal(before.Pending, (await migrator.ReadStateAsync(Token)).Pending);
        Assert.Equal(before.Pending, await migrator.MigrateAsync(Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Migrate_SeveralAtOnce_MakeOneDatabase(string kind)
    {
        using var database = await TestDatabase.CreateAsync(kind, server);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Migrator(database).MigrateAsync(Token), Token)));
        await using var context = database.Open().CreateContext();
        Assert.Equal(1, await context.Set<Instance>().CountAsync(Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Migrate_DatabaseOfALaterVersion_IsRefused(string kind)
    {
        using var database = await TestDatabase.CreateMigratedAsync(kind, server);
        await using (var context = database.Open().CreateContext())
        {
            await context.Database.ExecuteSqlRawAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('29991231000000_Later', '99.0')", Token);
        }

        Assert.Equal(["29991231000000_Later"], (await Migrator(database).ReadStateAsync(Token)).Unknown);
        var error = await Assert.ThrowsAsync<FaultException>(() => Migrator(database).MigrateAsync(Token));
        Assert.Equal("DATABASE_URL: A later version of beep has changed this database: '29991231000000_Later'. Use that version, or restore the backup made before it. [database_newer]", error.Message);
    }

    [Fact]
    public async Task ReadState_NoSqliteFile_MakesNone()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        Assert.False((await Migrator(database).ReadStateAsync(Token)).Exists);
        Assert.Empty(Directory.EnumerateFileSystemEntries(database.Paths.Home));
    }

    [Fact]
    public async Task Migrate_LockLeftByAKilledMigration_GoesOn()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using (var context = database.Open().CreateContext())
        {
            await context.Database.ExecuteSqlRawAsync("CREATE TABLE \"__EFMigrationsLock\" (\"Id\" INTEGER PRIMARY KEY, \"Timestamp\" TEXT NOT NULL)", Token);
            await context.Database.ExecuteSqlRawAsync("INSERT INTO \"__EFMigrationsLock\" VALUES (1, '2026-01-01')", Token);
        }

        Assert.NotEmpty(await Migrator(database).MigrateAsync(Token));
    }

    [Fact]
    public async Task Migrate_SqliteFiles_ArePrivate()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such rights.");
        using var database = await TestDatabase.CreateMigratedAsync(TestDatabase.Sqlite, server);
        Assert.All(Directory.EnumerateFiles(database.Paths.Home), file => Assert.False(PrivateFiles.IsOpenToOthers(file), file));
    }

    [Fact]
    public async Task Migrate_FileThatIsNoDatabase_SaysSo()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await File.WriteAllTextAsync(database.Paths.Database, "This is no database, but long enough to be looked at as if it were one.", Token);
        var error = await Assert.ThrowsAsync<FaultException>(() => Migrator(database).MigrateAsync(Token));
        Assert.Equal(("database_failed", WorkerExitCode.Failed), (error.Faults[0].Code, error.ExitCode));
        Assert.Contains("file is not a database", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadState_NoServer_SaysWhereWithoutThePassword()
    {
        var address = DesignTimeContexts.Postgres with { Host = "127.0.0.1", Port = 9, Password = new SecretText("hunter2hunter2") };
        var error = await Assert.ThrowsAsync<FaultException>(() => new DatabaseMigrator(new HostDatabase(address), TimeProvider.System).ReadStateAsync(Token));
        Assert.StartsWith("DATABASE_URL: The PostgreSQL database 'design' at '127.0.0.1:9' as 'design' cannot be used: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    private static DatabaseMigrator Migrator(TestDatabase database) => new(database.Open(), TimeProvider.System);
}
