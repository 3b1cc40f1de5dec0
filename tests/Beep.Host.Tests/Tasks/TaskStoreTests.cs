using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Tasks;

public sealed class TaskStoreTests(PostgresServer server)
{
    private const string HostA = "elsewhere/1/1/a";
    private const string HostB = "elsewhere/2/2/b";

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void States_WaysBetweenThem_AreTheseOnly()
    {
        var ways = from old in Enum.GetValues<TaskState>() from next in Enum.GetValues<TaskState>() where old.MayBecome(next) select $"{old.Word()} {next.Word()}";
        Assert.Equal(["pending running", "pending cancelled", "running pending", "running completed", "running failed", "running cancelled"], ways);
    }

    [Theory]
    [InlineData("running")]
    [InlineData("completed")]
    public void Become_StateWithoutAWay_IsRefused(string next)
    {
        var row = new TaskRow { Id = "0123456789abcdef", Name = "n", Kind = "k", ResourceClass = "io", CreatedAt = DateTimeOffset.UnixEpoch };
        row.Become(TaskState.Cancelled);
        var error = Assert.Throws<InvalidOperationException>(() => row.Become(TaskStates.Read(next)!.Value));
        Assert.Equal($"The task '0123456789abcdef' is cancelled and cannot become {next}.", error.Message);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Claim_TwoHostsAtOnce_EachTaskGoesToOne(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing());
        for (var i = 0; i < 20; i++)
        {
            await host.AddAsync();
        }

        var claimed = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => Task.Run(() => host.Store.ClaimAsync($"{HostA}{n}", TimeSpan.FromMinutes(1), [TaskTestHost.Kind], [(ResourceClass.Io, 3)], _ => true, Token), Token)));
        Assert.Equal(20, claimed.SelectMany(rows => rows).Select(row => row.Id).Distinct().Count());
        Assert.Equal(20, claimed.Sum(rows => rows.Count));
        Assert.All(claimed.SelectMany(rows => rows), row => Assert.Equal((TaskState.Running, 1), (row.Status, row.Attempts)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Finish_ByWhoDoesNotHoldTheTask_ChangesNothing(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing());
        var task = await host.AddAsync();
        var waiting = await host.ReadAsync(task.Id);
        var end = new TaskEnd(TaskState.Completed);
        Assert.False(await host.Store.FinishAsync(new TaskLease(waiting.Seq, HostA, 0), end, Token));
        await host.ClaimAsync(HostA);
        Assert.False(await host.Store.FinishAsync(new TaskLease(waiting.Seq, HostB, 1), end, Token));
        Assert.False(await host.Store.ReportAsync(new TaskLease(waiting.Seq, HostA, 2), 50, "half", [], Token));
        Assert.False(await host.Store.RequeueAsync(new TaskLease(waiting.Seq, HostB, 1), "host_lost", true, Token));
        Assert.Equal((TaskState.Running, HostA, 0), ((await host.ReadAsync(task.Id)).Status, (await host.ReadAsync(task.Id)).HostId, (await host.ReadAsync(task.Id)).Progress));

        var lease = new TaskLease(waiting.Seq, HostA, 1);
        Assert.True(await host.Store.FinishAsync(lease, end, Token));
        Assert.False(await host.Store.FinishAsync(lease, new TaskEnd(TaskState.Failed), Token));
        var ended = await host.ReadAsync(task.Id);
        Assert.Equal((TaskState.Completed, 100, null, null), (ended.Status, ended.Progress, ended.HostId, ended.LeaseExpiresAt));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cancel_InEachState_AnswersAndIsAuditedOnce(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing(), TaskTestHost.Nothing("test.other"));
        var (waits, runs) = (await host.AddAsync(), await host.AddAsync("test.other"));
        var other = await host.ReadAsync(runs.Id);
        await host.Store.ClaimAsync(HostA, TimeSpan.FromMinutes(1), ["test.other"], [(ResourceClass.Io, 1)], _ => true, Token);
        Assert.Equal(CancelAnswer.Requested, await host.Queue.CancelAsync(await host.ReadAsync(waits.Id), AuditActors.CommandLine, Token));
        Assert.Equal(CancelAnswer.Finished, await host.Queue.CancelAsync(await host.ReadAsync(waits.Id), AuditActors.CommandLine, Token));
        Assert.Equal(CancelAnswer.Requested, await host.Queue.CancelAsync(other, AuditActors.CommandLine, Token));
        Assert.Equal(CancelAnswer.RequestedBefore, await host.Queue.CancelAsync(other, AuditActors.CommandLine, Token));
        Assert.Null(await host.Store.CancelAsync(other.Seq + 100, AuditActors.CommandLine, Token));
        Assert.Equal([other.Seq], await host.Reader.CancellingAsync(HostA, Token));
        Assert.Equal(TaskState.Cancelled, (await host.ReadAsync(waits.Id)).Status);
        // What its host did not come to is done when it is put back.
        Assert.True(await host.Store.RequeueAsync(new TaskLease(other.Seq, HostA, 1), "host_lost", true, Token));
        Assert.Equal(TaskState.Cancelled, (await host.ReadAsync(runs.Id)).Status);
        Assert.Equal(
            [("task_created", waits.Id), ("task_created", runs.Id), ("task_cancel_requested", waits.Id), ("task_cancel_requested", runs.Id), ("task_cancelled", runs.Id)],
            (await host.Log.RowsAsync()).Select(row => (row.Action, row.ResourceId!)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Enqueue_InTheCallersTransaction_IsThereOrNotWithIt(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing());
        string id;
        await using (var context = host.Log.Trail.Database.CreateContext())
        {
            await using var transaction = await context.Database.BeginTransactionAsync(Token);
            id = (await host.Queue.EnqueueAsync(context, new NewTask(TaskTestHost.Kind, "Never"), AuditActors.System, Token)).Id;
            await transaction.RollbackAsync(Token);
        }

        Assert.Null(await host.Reader.FindAsync(id, Token));
        Assert.Empty(await host.Reader.EventsAsync(new TaskFilter(), 0, 10, Token));
        Assert.Empty(await host.Log.RowsAsync());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Events_OfOneTask_TellWhatHappenedInItsOrder(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing());
        var task = await host.AddAsync();
        var lease = new TaskLease((await host.ClaimAsync(HostA)).Single().Seq, HostA, 1);
        await host.Store.ReportAsync(lease, 250, "a\u001b[31mb", [new TaskStep("load", TaskStep.Running)], Token);
        await host.Store.FinishAsync(lease, new TaskEnd(TaskState.Failed) { Fault = new Fault("no_room", "The disk is full.", "Free space.") }, Token);
        var events = await host.Reader.EventsAsync(new TaskFilter { Seq = lease.Seq }, 0, 10, Token);
        Assert.Equal(["created", "started", "progress", "finished"], events.Select(happened => happened.Type));
        var views = events.Select(happened => JsonSerializer.Deserialize<TaskView>(happened.Data, TaskJson.Options)!).ToList();
        Assert.Equal(["pending", "running", "running", "failed"], views.Select(view => view.Status));
        Assert.Equal((100, "a?[31mb", new TaskStep("load", "running")), (views[2].Progress, views[2].Message, views[2].Steps.Single()));
        Assert.Equal((task.Id, new TaskErrorView("no_room", "The disk is full.", "Free space.")), (views[3].Id, views[3].Error));
    }
}
