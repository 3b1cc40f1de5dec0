using Beep.Host.Audit;
using Beep.Host.Hosting.Http;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Audit;

public sealed class AuditReaderTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_Actor_IsFoundByIdAndByNameOnceEachNewestFirst(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        foreach (var (id, name) in new[] { ("7", "ada"), ("ada", "grace"), ("8", "eve"), ("ada", "ada"), ("9", "ada") })
        {
            await using var context = log.Trail.Database.CreateContext();
            await log.Trail.Writer.WriteAsync(context, _ => Task.FromResult(AuditLog.Entry() with { Actor = new AuditActor(AuditActorKind.User, id) { Name = name } }), Token);
        }

        var reader = new AuditReader(log.Trail.Database);
        var filter = new AuditFilter { Actor = "ada", Action = "user_created" };
        var first = await reader.ReadAsync(filter, new PageRequest(Limit: 3), Token);
        var second = await reader.ReadAsync(filter, new PageRequest(first.Next, 3), Token);
        Assert.Equal([5, 4, 2], first.Items.Select(row => row.Seq));
        Assert.Equal([1], second.Items.Select(row => row.Seq));
        Assert.Null(second.Next);
    }
}
