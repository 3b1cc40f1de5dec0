using Beep.Contracts;
using Beep.Host.Jobs;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs;

public sealed class LocalExecutorTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly JobFolder _folder;

    public LocalExecutorTests()
    {
        _folder = new JobFolder(_root.At("job"));
        Directory.CreateDirectory(_folder.Root);
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
    }

    [Fact]
    public async Task Start_WorkerThatSucceeds_TellsItsEventsAndItsEnd()
    {
        var script = FakeWorker.WriteEvent(1, "\"type\":\"progress\",\"step\":1,\"total_steps\":2,\"epoch\":0.5") + "sleep 0.3;"
            + FakeWorker.WriteEvent(2, "\"type\":\"finished\",\"status\":\"succeeded\"") + FakeWorker.WriteExit("succeeded", 0);
        var (events, outcome) = await RunAsync(script);
        Assert.Collection(
            events,
            first => Assert.Equal(1, Assert.IsType<ProgressEvent>(first).Step),
            second => Assert.Equal(JobStatus.Succeeded, Assert.IsType<FinishedEvent>(second).Status));
        Assert.Equal(WorkerExitCode.Succeeded, outcome.ExitCode);
        Assert.Empty(outcome.Faults);
    }

    [Fact]
    public async Task Start_SecondRun_TellsItsOwnEventsOnlyAndForgetsTheFormerEnd()
    {
        await RunAsync(FakeWorker.WriteEvent(1, "\"type\":\"finished\",\"status\":\"cancelled\"") + FakeWorker.WriteExit("cancelled", 10));
        await File.AppendAllTextAsync(_folder.Events, "{\"v\":1,\"torn", TestContext.Current.CancellationToken);
        var trim = $"printf '' > whole; head -n 1 events.jsonl > whole; mv whole events.jsonl; [ -e exit.json ] && exit 99; [ -e control/cancel ] && exit 98;";
        var (events, outcome) = await RunAsync(trim + FakeWorker.WriteEvent(2, "\"type\":\"finished\",\"status\":\"succeeded\"") + FakeWorker.WriteExit("succeeded", 0));
        Assert.Equal(2, Assert.Single(events).Seq);
        Assert.Equal(WorkerExitCode.Succeeded, outcome.ExitCode);
    }

    [Fact]
    public async Task Start_WorkerThatFails_TellsEveryFault()
    {
        var script = FakeWorker.WriteEvent(1, "\"type\":\"failed\",\"code\":\"bad_json\",\"message\":\"Line 3 is broken.\",\"remedy\":\"Correct it.\"")
            + FakeWorker.WriteEvent(2, "\"type\":\"failed\",\"code\":\"overlong\",\"message\":\"Line 4 is long.\",\"remedy\":\"Cut it.\"")
            + FakeWorker.WriteExit("failed", 20);
        var (_, outcome) = await RunAsync(script);
        Assert.Equal(WorkerExitCode.Invalid, outcome.ExitCode);
        Assert.Equal(["Line 3 is broken. Correct it. [bad_json]", "Line 4 is long. Cut it. [overlong]"], outcome.Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public async Task Start_WorkerThatIsKilled_IsReportedWithItsLastWordsAndTheWayBack()
    {
        Directory.CreateDirectory(_folder.Checkpoint(40));
        var (_, outcome) = await RunAsync("echo starting; echo 'something odd' >&2; kill -KILL $$");
        Assert.Equal(WorkerExitCode.Failed, outcome.ExitCode);
        Assert.Equal(
            $"{_folder.Output}: The worker ended with signal 9 without saying why. Its last output: starting | something odd If nobody killed it, the system was out of memory: lower train.per_device_batch_size or data.max_length. Run the same command again to go on from step 40. [worker_died]",
            Normalise(Assert.Single(outcome.Faults).ToString()));
    }

    [Fact]
    public async Task Start_WorkerThatCrashesBeforeACheckpoint_SaysToStartOver()
    {
        var (_, outcome) = await RunAsync("exit 134");
        Assert.Equal(
            $"{_folder.Output}: The worker ended with signal 6 without saying why. It had written nothing. Run the same command again to start over; there is no checkpoint yet. [worker_died]",
            Assert.Single(outcome.Faults).ToString());
    }

    [Fact]
    public async Task RequestStop_RunningWorker_GetsTheRequestAndSaves()
    {
        var running = new LocalExecutor(FakeWorker.Of("while [ ! -e control/cancel ]; do sleep 0.05; done; " + FakeWorker.WriteExit("cancelled", 10))).Start(_folder);
        await using (running)
        {
            running.RequestStop();
            var outcome = await running.WaitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(WorkerExitCode.Cancelled, outcome.ExitCode);
            Assert.Empty(outcome.Faults);
        }
    }

    [Fact]
    public async Task StopAtOnce_WorkerWithChildren_EndsThemAll()
    {
        var running = new LocalExecutor(FakeWorker.Of("sleep 600 & echo $! > child; wait")).Start(_folder);
        await using (running)
        {
            var child = _root.At("job", "child");
            while (!File.Exists(child) || new FileInfo(child).Length == 0)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }

            running.StopAtOnce();
            var outcome = await running.WaitAsync(TestContext.Current.CancellationToken);
            Assert.Equal("stopped_at_once", Assert.Single(outcome.Faults).Code);
            var pid = (await File.ReadAllTextAsync(child, TestContext.Current.CancellationToken)).Trim();
            Assert.False(await IsAliveAsync(pid), $"process {pid} still runs");
        }
    }

    [Fact]
    public async Task Start_WorkerThatPrintsWithoutEnd_IsDrained()
    {
        var (_, outcome) = await RunAsync("head -c 3000000 /dev/zero | tr '\\0' 'x'; " + FakeWorker.WriteExit("succeeded", 0));
        Assert.Equal(WorkerExitCode.Succeeded, outcome.ExitCode);
        Assert.Equal(3_000_000, new FileInfo(_folder.Output).Length);
    }

    [Fact]
    public async Task Start_Worker_HasNoInputAndItsOwnFolder()
    {
        await RunAsync("if read -r line; then echo input; else echo none; fi; pwd; echo \"$1 $2\"; " + FakeWorker.WriteExit("succeeded", 0));
        Assert.Equal(["none", _folder.Root, $"train {_folder.Root}"], await File.ReadAllLinesAsync(_folder.Output, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Start_WhileAnotherWorkerRuns_IsRefused()
    {
        using var other = JobLock.TryTake(_folder);
        var error = Assert.Throws<FaultException>(() => new LocalExecutor(FakeWorker.Of("exit 0")).Start(_folder));
        Assert.Equal($"{_folder.Root}: Another worker is running the job in '{_folder.Root}'. Wait for it, or stop it first. [job_running]", error.Message);
    }

    [Fact]
    public void Start_WorkerThatIsNotThere_SaysSo()
    {
        var error = Assert.Throws<FaultException>(() => new LocalExecutor(new TrainerProgram(_root.At("nowhere"), [])).Start(_folder));
        Assert.Equal((WorkerExitCode.Failed, "worker_not_started"), (error.ExitCode, error.Faults[0].Code));
    }

    [Fact]
    public void Locate_FolderWithoutWorker_NamesBothPlaces()
    {
        var host = _root.At("bin", "Beep.Host", "release");
        var error = Assert.Throws<FaultException>(() => TrainerProgram.Locate(host));
        Assert.Equal(
            $"The worker 'beep-trainer' is neither in '{Path.Combine(host, "trainer")}' nor in '{_root.At("bin", "Beep.Trainer", "release")}'. Build it with ./beep, or unpack the product again, whole. [trainer_not_found]",
            error.Message);
    }

    public void Dispose() => _root.Dispose();

    private static string Normalise(string text) => text.Replace("something odd | starting", "starting | something odd", StringComparison.Ordinal);

    /// <summary>Killed children of others linger as zombies until their parent looks; those do not count.</summary>
    private static async Task<bool> IsAliveAsync(string pid)
    {
        for (var attempt = 0; attempt < 6000; attempt++)
        {
            var status = $"/proc/{pid}/stat";
            if (!File.Exists(status) || (await File.ReadAllTextAsync(status)).Contains(") Z ", StringComparison.Ordinal))
            {
                return false;
            }

            await Task.Delay(20);
        }

        return true;
    }

    private async Task<(List<JobEvent> Events, JobOutcome Outcome)> RunAsync(string script)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var running = new LocalExecutor(FakeWorker.Of(script)).Start(_folder);
        await using (running)
        {
            var events = new List<JobEvent>();
            await foreach (var jobEvent in running.ReadEventsAsync(cancellation))
            {
                events.Add(jobEvent);
            }

            return (events, await running.WaitAsync(cancellation));
        }
    }
}
