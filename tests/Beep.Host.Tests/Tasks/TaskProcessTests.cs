using System.Diagnostics;
using System.Globalization;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Tasks;

/// <summary>What tasks start as processes, and that nothing of it stays.</summary>
public sealed class TaskProcessTests(PostgresServer server)
{
    private const string NeedsLinux = "Sessions, marks and /proc are Linux's.";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cancel_ChildrenThatIgnoreTerm_EndsThemAllWithTheirDescendants()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        // A child, a grandchild, and one in a session of its own, all deaf to TERM.
        const string script = "trap '' TERM; (while :; do sleep 0.1; done) & setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & echo up; while :; do sleep 0.1; done";
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Shell(script));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        await UntilLogAsync(host, id, "up");
        var row = await host.ReadAsync(id);
        var group = new ProcessGroup(ProcessIdentity.Parse(row.Process), id);
        Assert.True(group.Leader!.IsAlive());
        Assert.True(group.Members().Count >= 3, $"{group.Members().Count} processes");
        Assert.Equal(CancelAnswer.Requested, await host.Queue.CancelAsync(row, AuditActors.CommandLine, Token));
        Assert.Equal(TaskState.Cancelled, (await host.UntilEndAsync(id)).Status);
        Assert.Empty(group.Members());
        Assert.False(Directory.Exists(Path.Combine(host.Log.Paths.TaskFolders, id)));
    }

    [Fact]
    public async Task End_ChildThatLeavesAProcessBehind_EndsThatToo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Shell("(exec env -i sleep 600) & (setsid sleep 600 >/dev/null 2>&1 &) ; echo left"));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        Assert.Equal(TaskState.Completed, (await host.UntilEndAsync(id)).Status);
        Assert.Empty(new ProcessGroup(null, id).Members());
    }

    [Fact]
    public async Task Child_Surroundings_AreClosed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        const string script = """
            umask; ulimit -n; ulimit -c; stat -c '%a' .; pwd; cat | wc -c; grep NoNewPrivs /proc/self/status | tr -d '\t'; ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ && echo own-session; env | grep -c SECRET; env | grep ^BEEP_TASK=
            """;
        Environment.SetEnvironmentVariable("TEST_SECRET_FOR_CHILDREN", "never");
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, Shell(script));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        Assert.Equal(TaskState.Completed, (await host.UntilEndAsync(id)).Status);
        Assert.Equal(
            ["0077", "4096", "0", "700", Path.Combine(host.Log.Paths.TaskFolders, id), "0", "NoNewPrivs:1", "own-session", "0", $"BEEP_TASK={id}"],
            await File.ReadAllLinesAsync(TaskLog.PathOf(host.Log.Paths, id), Token));
    }

    [Fact]
    public async Task Child_ThatIsNotThere_FailsTheTaskWithTheReason()
    {
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, new TestHandler(TaskTestHost.Kind, async (run, token) =>
        {
            await run.StartProcessAsync(new ChildProcessStart("bin/sh"), token);
            return null;
        }));
        await host.StartAsync();
        var row = await host.UntilEndAsync((await host.AddAsync()).Id);
        Assert.Equal(("program_missing", "The program 'bin/sh' is not there."), (row.ErrorCode, row.Error));
    }

    [Fact]
    public async Task Child_ThatFloodsItsOutput_IsCutAndGoesOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, TaskTestHost.Quick with { LogBytes = 10_000 }, Shell("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo end"));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        Assert.Equal(TaskState.Completed, (await host.UntilEndAsync(id)).Status);
        Assert.InRange(new FileInfo(TaskLog.PathOf(host.Log.Paths, id)).Length, 1, 10_100);
    }

    [Fact]
    public async Task Child_ThatOutlivesTheHostAndFloodsItsFile_IsEndedWithTheReason()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        using var folder = new TemporaryFolder();
        var output = folder.At("output");
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, new TestHandler(TaskTestHost.Kind, async (run, token) =>
        {
            var start = new ChildProcessStart("/bin/sh", "-c", "head -c 70000000 /dev/zero | tr '\\0' x; sleep 600") { OutputFile = output, OutlivesHost = true };
            await (await run.StartProcessAsync(start, token)).WaitAsync(token);
            return null;
        }));
        await host.StartAsync();
        var id = (await host.AddAsync()).Id;
        var row = await host.UntilEndAsync(id);
        Assert.Equal(("output_too_long", "The process printed more than 64 MiB and was ended."), (row.ErrorCode, row.Error));
        Assert.Empty(new ProcessGroup(null, id).Members());
    }

    [Fact]
    public async Task Gpus_OfATask_AreItsOwnAndAllThatItsChildrenSee()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        await using var host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, TaskTestHost.Quick with { Gpus = [0, 1, 2] }, Shell("echo $CUDA_VISIBLE_DEVICES; : > ../../up.$BEEP_TASK; while [ $(ls ../../up.* | wc -l) -lt 2 ]; do sleep 0.05; done"));
        var (two, one, none) = (await host.AddAsync(resourceClass: "gpu:2"), await host.AddAsync(resourceClass: "gpu:1"), await host.AddAsync(resourceClass: "gpu:4"));
        await host.StartAsync();
        var seen = new List<string>();
        foreach (var task in new[] { two, one })
        {
            Assert.Equal(TaskState.Completed, (await host.UntilEndAsync(task.Id)).Status);
            seen.Add((await File.ReadAllLinesAsync(TaskLog.PathOf(host.Log.Paths, task.Id), Token))[0]);
        }

        Assert.Equal(["0,1", "2"], seen);
        Assert.Equal(TaskState.Pending, (await host.ReadAsync(none.Id)).Status);
    }

    [Fact]
    public async Task Gate_ThatIsNeverOpened_LetsNothingRun()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        using var folder = new TemporaryFolder();
        var proof = folder.At("proof");
        using (var output = new OutputLog(folder.At("log")))
        {
            await using var child = ChildProcess.Start(new ChildProcessStart("/bin/sh", "-c", $"echo ran > '{proof}'"), folder.Path, "0123456789abcdef", output, TimeProvider.System);
            Assert.True(child.Group.Leader!.IsAlive());
        }

        Assert.False(File.Exists(proof));
        Assert.Empty(new ProcessGroup(null, "0123456789abcdef").Members());
    }

    [Fact]
    public async Task Group_WhoseNumberIsAnothersNow_LeavesThatAlone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), NeedsLinux);
        using var other = Process.Start("/usr/bin/setsid", ["sleep", "600"]);
        try
        {
            var now = ProcessIdentity.Of(other.Id)!;
            // Until it has made its session it is in that of the tests.
            for (var waited = Stopwatch.StartNew(); ProcessTable.Read(other.Id)?.Session != other.Id; await Task.Delay(10, Token))
            {
                Assert.True(waited.Elapsed < TaskTestHost.Patience, "It makes no session.");
            }

            Assert.Equal(now, ProcessIdentity.Parse(now.ToString()));
            var before = now with { StartedTicks = now.StartedTicks - 1 };
            Assert.False(before.IsAlive());
            Assert.False((now with { Machine = "another" }).IsAlive());
            Assert.True(await new ProcessGroup(before, "fedcba9876543210").EndAsync(TimeSpan.Zero, TimeProvider.System));
            Assert.True(now.IsAlive());
            Assert.True(await new ProcessGroup(now, "fedcba9876543210").EndAsync(TimeSpan.Zero, TimeProvider.System));
            await other.WaitForExitAsync(Token);
        }
        finally
        {
            other.Kill();
        }
    }

    private static TestHandler Shell(string script) => new(TaskTestHost.Kind, async (run, token) =>
    {
        var child = await run.StartProcessAsync(new ChildProcessStart("/bin/sh", "-c", script), token);
        var code = await child.WaitAsync(token);
        return code == 0 ? null : throw FaultException.Failed("child_failed", string.Create(CultureInfo.InvariantCulture, $"The child ended with {code}: {string.Join(' ', run.LastLines(5))}"), "Read the log.");
    });

    private static async Task UntilLogAsync(TaskTestHost host, string id, string line)
    {
        var path = TaskLog.PathOf(host.Log.Paths, id);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TaskTestHost.Patience;)
        {
            if (File.Exists(path) && (await File.ReadAllLinesAsync(path, Token)).Contains(line))
            {
                return;
            }

            await Task.Delay(50, Token);
        }

        throw new TimeoutException($"The log of {id} never said '{line}'.");
    }
}
