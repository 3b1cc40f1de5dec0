using Beep.Contracts;
using Beep.EndToEnd.Tests.Support;

namespace Beep.EndToEnd.Tests;

/// <summary>A run may be stopped at any time, by anyone; it goes on as if nothing had been.</summary>
public sealed class InterruptionTests : IDisposable
{
    // So many that a run is not over before it is interrupted, also where that takes some seconds.
    private const int Steps = 400;

    private static readonly Lazy<Task<byte[]>> Uninterrupted = new(RunUninterruptedAsync);

    private readonly SmallJob _job = new();

    public InterruptionTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals and /proc are those of Linux.");

    [Fact]
    public async Task Interrupt_RunningJob_SavesAndGoesOnToTheSameWeights()
    {
        var running = BeepProgram.Start(_job.Train(Steps));
        var worker = await _job.HoldAtStepAsync(13, running);
        BeepProgram.Signal(running.Id, BeepProgram.Interrupt);
        while (!File.Exists(_job.Folder.CancelRequest))
        {
            Assert.False(running.HasEnded);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        BeepProgram.Signal(worker, BeepProgram.GoOn);
        var stopped = await running.EndAsync();
        Assert.Equal((10, ""), (stopped.ExitCode, stopped.Error));
        Assert.Contains("Saving a checkpoint… (Ctrl+C again to stop at once)\n", stopped.Output, StringComparison.Ordinal);
        Assert.Equal($"Go on with: beep train --out {_job.Folder.Root}", stopped.LastLine);
        Assert.Equal(JobStatus.Cancelled, JobExit.Read(_job.Folder)!.Status);
        var saved = _job.Folder.ListCheckpoints()[^1].Step;
        Assert.InRange(saved, 13, Steps - 1);
        await AssertResumesAsync(saved);
    }

    [Fact]
    public async Task Kill_Worker_IsReportedAndGoesOnToTheSameWeights()
    {
        var running = BeepProgram.Start(_job.Train(Steps));
        BeepProgram.Signal(await _job.HoldAtStepAsync(27, running), BeepProgram.Kill);
        var died = await running.EndAsync();
        Assert.Equal(50, died.ExitCode);
        var saved = _job.Folder.ListCheckpoints()[^1].Step;
        Assert.Equal(
            $"error: {_job.Folder.Output}: The worker ended with signal 9 without saying why. It had written nothing. If nobody killed it, the system was out of memory: lower train.per_device_batch_size or data.max_length. Run the same command again to go on from step {saved}. [worker_died]\n",
            died.Error);
        await AssertResumesAsync(saved);
    }

    [Fact]
    public async Task Kill_Host_LeavesAFolderThatIsTakenUpOnceTheWorkerIsGone()
    {
        var running = BeepProgram.Start(_job.Train(Steps));
        var worker = await _job.HoldAtStepAsync(12, running);
        BeepProgram.Signal(running.Id, BeepProgram.Kill);
        await running.EndAsync();
        BeepProgram.Signal(worker, BeepProgram.Kill);
        while (Directory.Exists($"/proc/{worker}") && !(await File.ReadAllTextAsync($"/proc/{worker}/stat")).Contains(") Z ", StringComparison.Ordinal))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await AssertResumesAsync(_job.Folder.ListCheckpoints()[^1].Step);
    }

    [Fact]
    public async Task Interrupt_Twice_StopsAtOnceAndKeepsTheCheckpoints()
    {
        var running = BeepProgram.Start(_job.Train(1_000_000));
        await _job.WaitForStepAsync(11, running);
        BeepProgram.Signal(running.Id, BeepProgram.Interrupt);
        BeepProgram.Signal(running.Id, BeepProgram.Interrupt);
        var stopped = await running.EndAsync();
        Assert.Equal(10, stopped.ExitCode);
        Assert.NotEmpty(_job.Folder.ListCheckpoints());
    }

    [Fact]
    public async Task Resume_DatasetDeleted_SaysSoAndKeepsTheCheckpoint()
    {
        var running = BeepProgram.Start(_job.Train(100_000));
        await _job.WaitForStepAsync(11, running);
        BeepProgram.Signal(running.Id, BeepProgram.Interrupt);
        await running.EndAsync();
        var saved = _job.Folder.ListCheckpoints();
        File.Delete(_job.Data);
        var result = await BeepProgram.RunAsync("train", "--out", _job.Folder.Root);
        Assert.Equal(20, result.ExitCode);
        Assert.Equal($"error: data.train: There is no file '{_job.Data}'. Name a .jsonl, .json, .csv or .txt file. [data_not_found]\n", result.Error);
        Assert.Equal(saved, _job.Folder.ListCheckpoints());
    }

    public void Dispose() => _job.Dispose();

    /// <summary>Goes on, and compares with a run that was never stopped.</summary>
    private async Task AssertResumesAsync(int fromStep)
    {
        var resumed = await BeepProgram.RunAsync("train", "--out", _job.Folder.Root);
        Assert.Equal((0, ""), (resumed.ExitCode, resumed.Error));
        Assert.Contains($"going on from step {fromStep}.", resumed.Output, StringComparison.Ordinal);
        var events = EventReader.ReadFrom(_job.Folder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(one => (int)one.Seq));

        Assert.Equal(await Uninterrupted.Value, SmallJob.Weights(_job.Folder));
    }

    private static async Task<byte[]> RunUninterruptedAsync()
    {
        using var job = new SmallJob();
        Assert.Equal(0, (await BeepProgram.RunAsync(job.Train(Steps))).ExitCode);
        return SmallJob.Weights(job.Folder);
    }
}
