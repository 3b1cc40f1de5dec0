using System.Diagnostics;
using System.Text;
using Beep.Contracts;

namespace Beep.Trainer.Tests.Training;

/// <summary>Runs that the machine cannot hold.</summary>
public sealed class MachineLimitTests
{
    private const string Prlimit = "/usr/bin/prlimit";
    private const int RuntimeAborted = 134;
    private const int MostTries = 4;

    [Fact]
    public async Task Run_BatchThatDoesNotFitIntoMemory_SaysWhatToLowerAndKeepsTheCheckpoint()
    {
        Assert.SkipUnless(File.Exists(Prlimit), $"'{Prlimit}' is not there: only Linux limits the memory of one process.");
        const int rows = 1024;
        using var job = new TestJob();
        var spec = job.Spec();
        job.Prepare(spec with
        {
            // The first step's rows are short and the second's long.
            Data = spec.Data with { Train = job.Write("uneven.jsonl", Rows(rows, 4) + Rows(rows, 128)), MaxLength = 128, Shuffle = false },
            Train = spec.Train with { MaxSteps = 2, PerDeviceBatchSize = rows, GradientAccumulationSteps = 1, SaveSteps = 1, GradientCheckpointing = AutoSwitch.Off },
        });

        var (exitCode, error) = await RunAsync(job);
        // The limit holds for the memory of the runtime itself, too, which now and then is what meets it first.
        for (var tries = 1; exitCode == RuntimeAborted && tries < MostTries; tries++)
        {
            (exitCode, error) = await RunAsync(job);
        }

        Assert.True(exitCode == (int)WorkerExitCode.OutOfMemory, $"{exitCode}: {error}");
        Assert.Equal((JobStatus.Failed, WorkerExitCode.OutOfMemory, "out_of_memory"), (job.Exit.Status, job.Exit.ExitCode, job.Exit.Code));
        Assert.StartsWith("The memory did not suffice: ", job.Exit.Message, StringComparison.Ordinal);
        Assert.Equal(
            "Lower train.per_device_batch_size (raise train.gradient_accumulation_steps by as much to learn the same), lower data.max_length, or set train.gradient_checkpointing=on; then run the job again.",
            job.Exit.Remedy);
        Assert.Equal(Path.Combine("checkpoints", "step-00000001"), job.Exit.Summary!.LastCheckpoint);
        Assert.Equal(WorkerExitCode.Succeeded, job.Run(spec with { Data = SpecReader.Read(job.Folder.Spec).Data, Train = spec.Train with { MaxSteps = 1 } }));
        Assert.Equal(1, job.Events.OfType<StartedEvent>().Last().ResumedFrom);
    }

    private static Task<(int ExitCode, string Error)> RunAsync(TestJob job) =>
        TrainerProcess.RunUnderAsync([Prlimit, $"--data={500_000_000}"], ["train", job.Folder.Root], TestContext.Current.CancellationToken);

    [Fact]
    public void Run_CheckpointThatDoesNotFitOnTheDisk_KeepsTheOneBeforeAndLeavesNoPart()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root on Linux can mount a small disk to fill.");
        using var job = new TestJob();
        Directory.CreateDirectory(job.Folder.Checkpoints);
        var mounted = Execute("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", job.Folder.Checkpoints);
        Assert.SkipUnless(mounted, "This root may not mount a small disk to fill.");
        try
        {
            // A checkpoint of this model takes some 700 KiB, so the first fits and the second does not.
            var spec = job.Spec() with { Lora = new LoraSpec { R = 24, Alpha = 8 } };
            Assert.Equal(WorkerExitCode.Failed, job.Run(spec with { Train = spec.Train with { SaveSteps = 2 } }));

            Assert.Equal(("disk_full", "The disk is full."), (job.Exit.Code, job.Exit.Message));
            Assert.Equal("Free some space, then run the job again: it goes on from its last checkpoint.", job.Exit.Remedy);
            Assert.Equal("step-00000002", Path.GetFileName(Assert.Single(Directory.GetFileSystemEntries(job.Folder.Checkpoints))));
            Assert.Equal(Path.Combine("checkpoints", "step-00000002"), job.Exit.Summary!.LastCheckpoint);

            Assert.True(Execute("mount", "-o", "remount,size=8m", job.Folder.Checkpoints));
            Assert.Equal(WorkerExitCode.Succeeded, job.Run());
            Assert.Equal(2, job.Events.OfType<StartedEvent>().Last().ResumedFrom);
        }
        finally
        {
            Execute("umount", job.Folder.Checkpoints);
        }
    }

    private static string Rows(int count, int tokens)
    {
        var text = new StringBuilder();
        for (var row = 0; row < count; row++)
        {
            int[] ids = [.. Enumerable.Range(0, tokens).Select(i => 4 + (((row * 31) + (i * 7)) % 500))];
            text.Append(TestJob.Row(ids, ids)).Append('\n');
        }

        return text.ToString();
    }

    private static bool Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
