using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Audit;

public sealed class AuditCheckpointsTests(PostgresServer server)
{
    [Fact]
    public async Task Checkpoints_FirstRowThenHourThenThousandRows_AreWritten()
    {
        var time = new SteppedTime();
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server, time);
        await log.AppendAsync(3);
        Assert.Equal([1L], Seqs(log));
        time.Now += TimeSpan.FromMinutes(59);
        await log.AppendAsync();
        Assert.Equal([1L], Seqs(log));
        time.Now += TimeSpan.FromMinutes(1);
        await log.AppendAsync();
        Assert.Equal([1L, 5L], Seqs(log));

        log.Trail.Checkpoints.Offer(new("0", 5, []));
        var head = (await log.VerifyAsync()).Head!;
        log.Trail.Checkpoints.Offer(head with { Seq = 1004 });
        Assert.Equal([1L, 5L], Seqs(log, head.InstanceId));
        log.Trail.Checkpoints.Offer(head with { Seq = 1005 });
        Assert.Equal([1L, 5L, 1005L], Seqs(log, head.InstanceId));
    }

    [Fact]
    public async Task File_LineCutOffByACrash_IsReplacedByTheNext()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        await log.AppendAsync(2);
        await File.AppendAllTextAsync(log.Paths.AuditCheckpoints, "{\"v\":1,\"at", TestContext.Current.CancellationToken);
        var report = await log.VerifyAsync();
        Assert.Null(report.Problem);
        log.Trail.Checkpoints.Offer(report.Head!, isWanted: true);
        Assert.Equal([1L, 2L], Seqs(log));
        Assert.Null((await log.VerifyAsync()).Problem);
    }

    [Fact]
    public async Task File_ThatCannotBeWritten_DoesNotStopTheChange()
    {
        using var log = await AuditLog.CreateAsync(TestDatabase.Sqlite, server);
        Directory.CreateDirectory(log.Paths.AuditCheckpoints);
        await log.AppendAsync(2);
        Directory.Delete(log.Paths.AuditCheckpoints);
        await log.AppendAsync();
        Assert.Equal([3L], Seqs(log));
        Assert.Equal(3, (await log.VerifyAsync()).SoundRows);
    }

    private static IEnumerable<long> Seqs(AuditLog log, string? instanceId = null) =>
        log.Checkpoints.Read().Where(line => instanceId is null || line.Checkpoint!.InstanceId == instanceId).Select(line => line.Checkpoint!.Seq);

    private sealed class SteppedTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
