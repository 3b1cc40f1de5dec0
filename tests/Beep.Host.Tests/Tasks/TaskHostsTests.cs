using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Tasks;

/// <summary>Hosts as processes of their own: several on one database, and one that is killed.</summary>
public sealed class TaskHostsTests(PostgresServer server)
{
    // Long enough for a machine that is busy with something else.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoHosts_ThousandTasks_EachRunsOnce()
    {
        const int count = 1000;
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Postgres, server, TaskTestHost.Nothing("test.count"));
        var folder = Directory.CreateDirectory(Path.Combine(host.Log.Paths.Home, "counted")).FullName;
        await AddAsync(host, "test.count", folder, count / 2);
        await using var first = await HostProcess.StartAsync(host, ioSlots: 8);
        await using var second = await HostProcess.StartAsync(host, ioSlots: 8);
        await AddAsync(host, "test.count", folder, count / 2);
        await UntilAsync(async () => (await host.Reader.CountAsync(Token)).Count == 0, "tasks wait or run");

        var tasks = await AllAsync(host);
        Assert.Equal(count, tasks.Count);
        Assert.All(tasks, task => Assert.Equal((TaskState.Completed, 1), (task.Status, task.Attempts)));
        var runs = Directory.GetFiles(folder).Select(file => Path.GetFileName(file).Split('.')[0]).ToList();
        Assert.Equal(tasks.Select(task => task.Id).Order(), runs.Order());
        var starts = (await EventsAsync(host)).Where(happened => happened.Type == TaskEventTypes.Started);
        Assert.Equal(count, starts.Select(happened => happened.TaskSeq).Distinct().Count());
    }

    [Theory]
    [InlineData(TestDatabase.Sqlite)]
    [InlineData(TestDatabase.Postgres)]
    public async Task KilledHost_WithTwentyRunningTasks_LosesNoneAndRunsNoneTwice(string kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "Needs Linux with flock.");
        const int count = 20;
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing("test.process"));
        var folder = Directory.CreateDirectory(Path.Combine(host.Log.Paths.Home, "children")).FullName;
        var ids = await AddAsync(host, "test.process", folder, count);
        List<ProcessIdentity> before;
        await using (var killed = await HostProcess.StartAsync(host, ioSlots: count))
        {
            await UntilAsync(() => Task.FromResult(ids.All(id => Begun(folder, id) == 1)), "children have not begun");
            before = [.. (await AllAsync(host)).Select(task => ProcessIdentity.Parse(task.Process)!)];
            killed.Kill();
        }

        // Nobody is there to end them: they are what a host leaves that is killed.
        Assert.All(before, child => Assert.True(child.IsAlive()));
        await using var next = await HostProcess.StartAsync(host, ioSlots: count);
        await UntilAsync(async () =>
        {
            Assert.DoesNotContain(await AllAsync(host), task => task.Status == TaskState.Failed);
            return ids.All(id => Begun(folder, id) == 2);
        }, "children have not begun again");
        Assert.All(before, child => Assert.False(child.IsAlive()));
        Assert.All(await AllAsync(host), task =>
        {
            Assert.Equal((TaskState.Running, 2), (task.Status, task.Attempts));
            Assert.True(ProcessIdentity.Parse(task.Process)!.IsAlive());
        });

        await File.WriteAllTextAsync(Path.Combine(folder, "release"), "", Token);
        foreach (var id in ids)
        {
            var row = await host.UntilEndAsync(id);
            Assert.True(row.Status == TaskState.Completed, row.Error);
            Assert.Equal("done\n", await File.ReadAllTextAsync(Path.Combine(folder, $"{id}.done"), Token));
            Assert.Empty(new ProcessGroup(null, id).Members());
        }
    }

    [Theory]
    [InlineData(TestDatabase.Sqlite)]
    [InlineData(TestDatabase.Postgres)]
    public async Task KilledHost_WhoseProcessesOutliveIt_IsFollowedByOneThatTakesThemOver(string kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc.");
        const int count = 5;
        await using var host = await TaskTestHost.CreateAsync(kind, server, TaskTestHost.Nothing("test.survivor"));
        var folder = Directory.CreateDirectory(Path.Combine(host.Log.Paths.Home, "children")).FullName;
        var ids = await AddAsync(host, "test.survivor", folder, count);
        List<ProcessIdentity> before;
        await using (var killed = await HostProcess.StartAsync(host, ioSlots: count))
        {
            await UntilAsync(() => Task.FromResult(ids.All(id => Begun(folder, id) == 1)), "children have not begun");
            before = [.. (await AllAsync(host)).Select(task => ProcessIdentity.Parse(task.Process)!)];
            killed.Kill();
        }

        // One ends while nobody watches, and is not begun again before somebody has looked.
        Process.GetProcessById(before[^1].Pid).Kill();
        await UntilAsync(() => Task.FromResult(!before[^1].IsAlive()), "the killed child lives");
        await using var next = await HostProcess.StartAsync(host, ioSlots: count);
        await UntilAsync(async () => (await AllAsync(host)).Count(task => task is { Message: "goes on", Attempts: 1 } or { Message: "began", Attempts: 2 }) == count, "the tasks were not taken over");
        Assert.All(before.SkipLast(1), child => Assert.True(child.IsAlive()));
        await File.WriteAllTextAsync(Path.Combine(folder, "release"), "", Token);
        foreach (var id in ids)
        {
            var row = await host.UntilEndAsync(id);
            Assert.True(row.Status == TaskState.Completed, row.Error);
            Assert.Equal("""{"said":"done"}""", row.Result);
        }

        Assert.Equal([1, 1, 1, 1, 2], (await AllAsync(host)).Select(task => Begun(folder, task.Id)).Order());
    }

    [Fact]
    public async Task StoppedHost_WithRunningTasks_LeavesNoProcess()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "Needs Linux with flock.");
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, TaskTestHost.Nothing("test.process"));
        var folder = Directory.CreateDirectory(Path.Combine(host.Log.Paths.Home, "children")).FullName;
        var ids = await AddAsync(host, "test.process", folder, 3);
        await using (await HostProcess.StartAsync(host, ioSlots: 3))
        {
            await UntilAsync(() => Task.FromResult(ids.All(id => Begun(folder, id) == 1)), "children have not begun");
        }

        Assert.All(await AllAsync(host), task => Assert.Equal((TaskState.Pending, 0, null), (task.Status, task.Attempts, task.Process)));
        Assert.All(ids, id => Assert.Empty(new ProcessGroup(null, id).Members()));
    }

    [Fact]
    public async Task Feed_ChangeMadeByAnotherHost_IsSeen()
    {
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Postgres, server, TaskTestHost.Nothing());
        await using var other = host.Beside(TaskTestHost.Nothing());
        await using var watch = host.Feed.WatchAsync(new TaskFilter { OwnerId = 7 }, Token).GetAsyncEnumerator(Token);
        var next = watch.MoveNextAsync();
        // From when on it watches is not told: what is added until it sees one is enough.
        using var adding = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var added = Task.Run(async () =>
        {
            for (; !adding.IsCancellationRequested; await Task.Delay(300, adding.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing))
            {
                await other.AddAsync(owner: 8);
                await other.AddAsync(owner: 7);
            }
        }, Token);
        Assert.True(await next.AsTask().WaitAsync(Limit, Token));
        await adding.CancelAsync();
        await added;
        Assert.Equal(("created", 7L, "pending"), (watch.Current.Type, watch.Current.Task.OwnerId, watch.Current.Task.Status));
    }

    private static async Task<List<string>> AddAsync(TaskTestHost host, string kind, string folder, int count)
    {
        await using var context = host.Log.Trail.Database.CreateContext();
        await using var transaction = await context.Database.BeginTransactionAsync(Token);
        List<string> ids = [];
        for (var i = 0; i < count; i++)
        {
            ids.Add((await host.Queue.EnqueueAsync(context, new NewTask(kind, $"Test {i}") { Input = new JsonObject { ["folder"] = folder } }, AuditActors.System, Token)).Id);
            context.ChangeTracker.Clear();
        }

        await transaction.CommitAsync(Token);
        return ids;
    }

    private static async Task<List<TaskRow>> AllAsync(TaskTestHost host)
    {
        List<TaskRow> tasks = [];
        for (IReadOnlyList<TaskRow> page; (page = await host.Reader.ListAsync(new TaskFilter(), tasks.LastOrDefault()?.Seq, 500, Token)).Count > 0;)
        {
            tasks.AddRange(page);
        }

        return tasks;
    }

    private static async Task<List<TaskEventRow>> EventsAsync(TaskTestHost host)
    {
        List<TaskEventRow> events = [];
        for (IReadOnlyList<TaskEventRow> page; (page = await host.Reader.EventsAsync(new TaskFilter(), events.LastOrDefault()?.Seq ?? 0, 1000, Token)).Count > 0;)
        {
            events.AddRange(page);
        }

        return events;
    }

    private static int Begun(string folder, string id) => File.Exists(Path.Combine(folder, $"{id}.pids")) ? File.ReadAllLines(Path.Combine(folder, $"{id}.pids")).Length : 0;

    private static async Task UntilAsync(Func<Task<bool>> isSo, string otherwise)
    {
        for (var started = Stopwatch.StartNew(); !await isSo(); await Task.Delay(100, Token))
        {
            Assert.True(started.Elapsed < Limit, string.Create(CultureInfo.InvariantCulture, $"After {Limit} {otherwise}."));
        }
    }

    /// <summary>A <c>Beep.TestHost</c>; it ends with its input, however the tests end.</summary>
    private sealed class HostProcess : IAsyncDisposable
    {
        private readonly Process _process;

        private readonly Task _echo;

        private HostProcess(Process process, Task echo) => (_process, _echo) = (process, echo);

        public static async Task<HostProcess> StartAsync(TaskTestHost host, int ioSlots)
        {
            // The build puts every project's output beside the others'.
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            var program = Path.Combine(folder.Parent!.Parent!.FullName, "Beep.TestHost", folder.Name, "Beep.TestHost.dll");
            var process = Process.Start(new ProcessStartInfo(DotnetRuntime.Executable, [program, host.Log.Paths.Home, host.Log.Database.Url, ioSlots.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                WorkingDirectory = Path.GetTempPath(),
            })!;
            Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token));
            return new HostProcess(process, EchoAsync(process.StandardOutput));
        }

        public void Kill() => _process.Kill(entireProcessTree: false);

        public async ValueTask DisposeAsync()
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(Limit);
            await _echo;
            _process.Dispose();
        }

        private static async Task EchoAsync(StreamReader output)
        {
            while (await output.ReadLineAsync(CancellationToken.None) is { } line)
            {
                TestContext.Current.TestOutputHelper?.WriteLine(line);
            }
        }
    }
}
