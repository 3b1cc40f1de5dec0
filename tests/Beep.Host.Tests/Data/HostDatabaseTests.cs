using Beep.Host.Data;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Data;

public sealed class HostDatabaseTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Instants_StoredAndRead_AreTheSameToTheTick(string kind)
    {
        using var database = await TestDatabase.CreateMigratedAsync(kind, server);
        var instant = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(7);
        await using (var context = database.Open().CreateContext())
        {
            await context.Database.ExecuteSqlAsync($"UPDATE instance SET created_at = {instant.Ticks}", TestContext.Current.CancellationToken);
        }

        await using var second = database.Open().CreateContext();
        var read = (await second.Set<Instance>().SingleAsync(found => found.CreatedAt == instant, TestContext.Current.CancellationToken)).CreatedAt;
        Assert.Equal((instant, TimeSpan.Zero), (read, read.Offset));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Instants_NotUtc_AreRefused(string kind)
    {
        using var database = await TestDatabase.CreateMigratedAsync(kind, server);
        await using var context = database.Open().CreateContext();
        var local = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.FromHours(2));
        context.Add(new Instance { Number = 2, InstanceId = "x", CreatedAt = local });
        var error = await Assert.ThrowsAnyAsync<Exception>(() => context.SaveChangesAsync(TestContext.Current.CancellationToken));
        Assert.Equal("The instant '2026-02-03T04:05:06.0000000+02:00' is not UTC. Take instants from TimeProvider.GetUtcNow().", (error.InnerException ?? error).Message);
    }

    [Fact]
    public async Task Sqlite_EveryConnection_HasTheSettingsOfTheDesign()
    {
        using var database = await TestDatabase.CreateMigratedAsync(TestDatabase.Sqlite, server);
        // The second comes out of the pool.
        var opened = database.Open();
        for (var round = 0; round < 2; round++)
        {
            await using var context = opened.CreateContext();
            Assert.Equal("wal", await PragmaAsync<string>(context, "journal_mode"));
            Assert.Equal(5000, await PragmaAsync<long>(context, "busy_timeout", "timeout"));
            Assert.Equal(1, await PragmaAsync<long>(context, "foreign_keys"));
            Assert.Equal(2, await PragmaAsync<long>(context, "synchronous"));
        }
    }

#pragma warning disable EF1002 // Names of pragmas, from above.
    private static async Task<T> PragmaAsync<T>(HostDbContext context, string name, string? column = null) =>
        await context.Database.SqlQueryRaw<T>($"SELECT {column ?? name} AS \"Value\" FROM pragma_{name}").SingleAsync(TestContext.Current.CancellationToken);
#pragma warning restore EF1002
}
