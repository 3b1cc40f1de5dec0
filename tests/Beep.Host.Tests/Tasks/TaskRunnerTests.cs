using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Tasks;

public sealed class TaskRunnerTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_WorkWithSteps_StoresWhatItSays(string kind)
    {
        var handler = new TestHandler(TaskTestHost.Kind, async (run, token) =>
        {
            await run.BeginStepAsync("load", token);
            await run.CompleteStepAsync("load", "3 files", token);
            for (var i = 0; i <= 1000; i++)
            {
                await run.ReportAsync(i / 10, $"{i} rows", token);
            }

            run.Log("first\nsecond");
            return new JsonObject { ["sum"] = run.Input.GetProperty("a").GetInt32() + 1 };
        });
        // No pause ends here by itself: a machine that stands still for a while stores no more of them.
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Quick with { ReportEvery = TimeSpan.FromHours(1) }, handler);
        await host.StartAsync();
        var id = (await host.AddAsync(input: new JsonObject { ["a"] = 41 })).Id;
        var view = TaskView.Of(await host.UntilEndAsync(id));
        Assert.Equal(("completed", 100, "1000 rows", 42, 1), (view.Status, view.Progress, view.Message, view.Result!.Value.GetProperty("sum").GetInt32(), view.Attempts));
        Assert.Equal([new TaskStep("load", "completed", "3 files")], view.Steps);
        Assert.True(view.StartedAt >= view.CreatedAt && view.CompletedAt >= view.StartedAt);
        // A thousand reports in one pause are no row of their own: the last is stored with the end.
        Assert.Equal(["created", "started", "progress", "progress", "finished"], (await host.Reader.EventsAsync(new TaskFilter(), 0, 2000, Token)).Select(happened => happened.Type));
        Assert.Equal("first second\n", await File.ReadAllTextAsync(TaskLog.PathOf(host.Log.Paths, id), Token));
        Assert.Equal(["task_created", "task_completed"], (await host.Log.RowsAsync()).Select(row => row.Action));
    }

    [Fact]
    public async Task Run_WorkThatFails_SaysWhyAndNoTextOfExceptions()
    {
        await using var host = await TaskTestHost.CreateAsync(
            TestDatabase.Sqlite,
            server,
            new TestHandler("test.fault", (_, _) => throw FaultException.Failed("no_room", "The disk is full.", "Free space.")),
            new TestHandler("test.error", (_, _) => throw new ArgumentException("secret-of-the-program")));
        await host.StartAsync();
        var (fault, error) = (await host.AddAsync("test.fault"), await host.AddAsync("test.error"));
        Assert.Equal(new TaskErrorView("no_room", "The disk is full.", "Free space."), TaskView.Of(await host.UntilEndAsync(fault.Id)).Error);
        Assert.Equal(
            new TaskErrorView("internal_error", "The task 'Test test.error' failed unexpectedly.", $"The log of the server says why; look for {error.Id}."),
            TaskView.Of(await host.UntilEndAsync(error.Id)).Error);
    }

    [Fact]
    public async Task Run_MoreThanTheSlots_Waits()
    {
        var (now, most) = (0, 0);
        var gate = new Lock();
        var three = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new TestHandler(TaskTestHost.Kind, async (_, token) =>
        {
            lock (gate)
            {
                most = Math.Max(most, ++now);
                if (now == 3)
                {
                    three.TrySetResult();
                }
            }

            await three.Task.WaitAsync(token);
            // A fourth would have come by then.
            await Task.Delay(50, token);
            lock (gate)
            {
                now--;
            }

            return null;
        }) { ResourceClass = ResourceClass.Io };
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, TaskTestHost.Quick with { IoSlots = 3 }, handler);
        List<string> ids = [];
        for (var i = 0; i < 9; i++)
        {
            ids.Add((await host.AddAsync()).Id);
        }

        var gpu = await host.AddAsync(resourceClass: ResourceClass.Gpu(1));
        await host.StartAsync();
        foreach (var id in ids)
        {
            Assert.Equal(TaskState.Completed, (await host.UntilEndAsync(id)).Status);
        }

        Assert.Equal(3, most);
        Assert.Equal(TaskState.Pending, (await host.ReadAsync(gpu.Id)).Status);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cancel_RunningTask_StopsTheWork(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, Forever());
        await using var other = host.Beside();
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        var row = await host.UntilAsync(id, row => row.Status == TaskState.Running);
        // Asked of another host, which has no way to call this one.
        Assert.Equal(CancelAnswer.Requested, await other.Queue.CancelAsync(row, AuditActors.CommandLine, Token));
        Assert.Equal(TaskState.Cancelled, (await host.UntilEndAsync(id)).Status);
        Assert.Equal(["task_created", "task_cancel_requested", "task_cancelled"], (await host.Log.RowsAsync()).Select(audited => audited.Action));
    }

    [Fact]
    public async Task Stop_OfTheHost_PutsBackWhatMayRestartAndFailsTheRest()
    {
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Forever(), Forever("test.once", WhenLost.Fail));
        await host.StartAsync();
        var (again, once) = (await host.AddAsync(), await host.AddAsync("test.once"));
        await host.UntilAsync(again.Id, row => row.Status == TaskState.Running);
        await host.UntilAsync(once.Id, row => row.Status == TaskState.Running);
        await host.StopAsync();
        var (first, second) = (await host.ReadAsync(again.Id), await host.ReadAsync(once.Id));
        Assert.Equal((TaskState.Pending, 0, null), (first.Status, first.Attempts, first.HostId));
        Assert.Equal((TaskState.Failed, "host_stopped"), (second.Status, second.ErrorCode));
    }

    [Fact]
    public async Task Restart_OfTheHost_LeavesWhatOutlivesItToTheNextOne()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Survivor());
        await using var next = host.Beside(Survivor());
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        var running = await host.UntilAsync(id, row => row.Message == "began");
        var process = ProcessIdentity.Parse(running.Process)!;
        host.Restart.Ask();
        await host.StopAsync();
        var left = await host.ReadAsync(id);
        Assert.Equal((TaskState.Running, 1, null, true), (left.Status, left.Attempts, left.HostId, process.IsAlive()));

        await next.StartAsync();
        var taken = await next.UntilAsync(id, row => row.Message == "goes on");
        Assert.Equal((1, running.Process), (taken.Attempts, taken.Process));
        await File.WriteAllTextAsync(Path.Combine(host.Log.Paths.Home, "release"), "", Token);
        var ended = await next.UntilEndAsync(id);
        Assert.Equal((TaskState.Completed, """{"code":null,"last":"released"}"""), (ended.Status, ended.Result));
        Assert.False(process.IsAlive());
    }

    [Fact]
    public async Task Cancel_OfATaskThatWasTakenOver_EndsItsProcess()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Survivor());
        await using var next = host.Beside(Survivor());
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        var process = ProcessIdentity.Parse((await host.UntilAsync(id, row => row.Message == "began")).Process)!;
        host.Restart.Ask();
        await host.StopAsync();
        await next.StartAsync();
        await next.UntilAsync(id, row => row.Message == "goes on");
        Assert.Equal(CancelAnswer.Requested, await next.Queue.CancelAsync(await next.ReadAsync(id), AuditActors.CommandLine, Token));
        Assert.Equal(TaskState.Cancelled, (await next.UntilEndAsync(id)).Status);
        Assert.Empty(new ProcessGroup(process, id).Members());
    }

    [Fact]
    public async Task Stop_OfTheHost_EndsAlsoWhatCouldOutliveIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Survivor());
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        var process = ProcessIdentity.Parse((await host.UntilAsync(id, row => row.Message == "began")).Process)!;
        await host.StopAsync();
        var row = await host.ReadAsync(id);
        Assert.Equal((TaskState.Pending, 0, null), (row.Status, row.Attempts, row.Process));
        Assert.Empty(new ProcessGroup(process, id).Members());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Lease_ThatRanOut_IsTakenOver(string kind)
    {
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing(), TestOnce());
        var (again, once) = (await host.AddAsync(), await host.AddAsync("test.once"));
        await host.Store.ClaimAsync("elsewhere/1/1/a", TimeSpan.FromHours(1), [TaskTestHost.Kind, "test.once"], [(ResourceClass.Io, 2)], _ => true, Token);
        await host.Lost.RecoverAsync(host.Runner.HostId, [], NoAdoption, Token);
        Assert.Equal(TaskState.Running, (await host.ReadAsync(again.Id)).Status);
        await using (var context = host.Log.Trail.Database.CreateContext())
        {
            await context.Set<TaskRow>().ExecuteUpdateAsync(set => set.SetProperty(row => row.LeaseExpiresAt, DateTimeOffset.UnixEpoch), Token);
        }

        await host.Lost.RecoverAsync(host.Runner.HostId, [], NoAdoption, Token);
        Assert.Equal((TaskState.Pending, 1), ((await host.ReadAsync(again.Id)).Status, (await host.ReadAsync(again.Id)).Attempts));
        Assert.Equal((TaskState.Failed, "host_lost"), ((await host.ReadAsync(once.Id)).Status, (await host.ReadAsync(once.Id)).ErrorCode));
        await host.StartAsync();
        var done = await host.UntilEndAsync(again.Id);
        Assert.Equal((TaskState.Completed, 2), (done.Status, done.Attempts));
    }

    [Fact]
    public async Task Lease_LostAgainAndAgain_EndsInFailure()
    {
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, TaskTestHost.Nothing());
        var id = (await host.AddAsync()).Id;
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Single(await host.ClaimAsync($"elsewhere/1/{attempt}/a", TimeSpan.FromHours(-1)));
            await host.Lost.RecoverAsync(host.Runner.HostId, [], NoAdoption, Token);
        }

        var row = await host.ReadAsync(id);
        Assert.Equal((TaskState.Failed, "too_many_attempts", "The server ended 3 times while the task ran."), (row.Status, row.ErrorCode, row.Error));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Lease_TakenByAnother_StopsTheWorkHere(string kind)
    {
        var stopped = new TaskCompletionSource();
        await using var host = await TaskTestHost.CreateAsync(kind, server, new TestHandler(TaskTestHost.Kind, async (_, token) =>
        {
            using var registration = token.Register(() => stopped.TrySetResult());
            await Task.Delay(Timeout.Infinite, token);
            return null;
        }));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        await host.UntilAsync(id, row => row.Status == TaskState.Running);
        await using (var context = host.Log.Trail.Database.CreateContext())
        {
            await context.Set<TaskRow>().ExecuteUpdateAsync(set => set.SetProperty(row => row.HostId, "elsewhere/1/1/a").SetProperty(row => row.LeaseExpiresAt, DateTimeOffset.MaxValue), Token);
        }

        await stopped.Task.WaitAsync(TaskTestHost.Patience, Token);
        await host.StopAsync();
        var row = await host.ReadAsync(id);
        Assert.Equal((TaskState.Running, "elsewhere/1/1/a"), (row.Status, row.HostId));
    }

    private static TestHandler Forever(string kind = TaskTestHost.Kind, WhenLost whenLost = WhenLost.Restart) => new(kind, async (_, token) =>
    {
        await Task.Delay(Timeout.Infinite, token);
        return null;
    }) { WhenLost = whenLost };

    private static TestHandler TestOnce() => new("test.once", (_, _) => Task.FromResult<JsonObject?>(null)) { WhenLost = WhenLost.Fail };

    private static void NoAdoption(TaskRow row, ProcessIdentity? process) => throw new InvalidOperationException($"The task {row.Id} has no process to take over.");

    /// <summary>A task whose process goes on without its host until there is a file called release in the home.</summary>
    private static TestHandler Survivor() => new(TaskTestHost.Kind, async (run, token) =>
    {
        var home = Path.GetFullPath(Path.Combine(run.Folder, "..", ".."));
        var output = Path.Combine(home, $"{run.Id}.output");
        var adopted = run.Adopt(output);
        var child = adopted ?? await run.StartProcessAsync(
            new ChildProcessStart("/bin/sh", "-c", "while [ -d \"$1\" ] && [ ! -e \"$1/release\" ]; do sleep 0.1; done; echo released", "test", home) { OutputFile = output, OutlivesHost = true }, token);
        await run.ReportAsync(1, adopted is null ? "began" : "goes on", token);
        try
        {
            var code = await child.WaitAsync(token);
            return new JsonObject { ["code"] = code, ["last"] = child.LastLines(1).SingleOrDefault() };
        }
        catch (OperationCanceledException) when (!run.IsLeaving)
        {
            await child.WaitAsync(CancellationToken.None);
            throw;
        }
    })
    { WhenLost = WhenLost.Adopt };
}
