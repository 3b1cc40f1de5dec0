using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Audit;

public sealed class FineTuneWriterTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Change_WithItsRow_IsThereWholeOrNotAtAll(string kind)
    {
        using var log = await AuditLog.CreateAsync(kind, server);
        var fineTune = new FineTuneDatabase(log.Trail.Database.Address);
        var writer = new FineTuneWriter(log.Trail.Database, fineTune, log.Trail.Writer);
        var entry = new AuditEntry { Actor = AuditActors.System, Action = "dataset_created", ResourceType = "dataset" };
        await writer.ChangeAsync<bool>((change, _) =>
        {
            change.FineTune.Add(New("kept"));
            return Task.FromResult((true, entry));
        }, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.ChangeAsync<bool>(async (change, token) =>
        {
            change.FineTune.Add(New("lost"));
            await change.FineTune.SaveChangesAsync(token);
            await log.Trail.Writer.AppendAsync(change.Host, entry, token);
            throw new InvalidOperationException("something else fails");
        }, Token));

        await using var context = fineTune.CreateContext();
        Assert.Equal("kept", (await context.Set<Dataset>().SingleAsync(Token)).Name);
        var report = await log.VerifyAsync();
        Assert.Equal((1L, null), (report.SoundRows, report.Problem));
    }

    private static Dataset New(string name) => new() { Id = PublicId.New(), OwnerId = 1, Name = name, CreatedAt = TimeProvider.System.GetUtcNow(), UpdatedAt = TimeProvider.System.GetUtcNow() };
}
