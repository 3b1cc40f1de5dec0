using System.Diagnostics;
using Beep.Contracts;
using Beep.Tests;

namespace Beep.Trainer.Tests.Training;

public sealed class ResumeTests
{
    [Theory]
    [InlineData(TrainingMethod.Lora, 3)]
    [InlineData(TrainingMethod.Lora, 8)]
    [InlineData(TrainingMethod.Full, 5)]
    public async Task Run_KilledAndRunAgain_EqualsTheUninterruptedRunToTheLastBit(TrainingMethod method, int killAfter)
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var whole = new TestJob();
        using var broken = new TestJob();
        Assert.Equal(WorkerExitCode.Succeeded, whole.Run(Spec(whole, method)));

        Directory.CreateDirectory(broken.Folder.Root);
        SpecWriter.Write(broken.Folder, Spec(broken, method));
        await KillAsync(broken, killAfter, cancellation);
        Assert.Null(JobExit.Read(broken.Folder));
        Assert.Equal(WorkerExitCode.Succeeded, broken.Run());

        Assert.NotNull(broken.Events.OfType<StartedEvent>().Last().ResumedFrom);
        Assert.Equal(LossByStep(whole), LossByStep(broken));
        Assert.Equal(Weights(whole), Weights(broken));
        Assert.Equal(broken.Events.Select(e => e.Seq), Enumerable.Range(1, broken.Events.Count).Select(n => (long)n));
    }

    [Fact]
    public void Run_ResumeNever_StartsAnew()
    {
        using var job = new TestJob();
        var spec = job.Spec() with { Resume = ResumePolicy.Never };
        job.Run(spec);
        var first = Weights(job);

        Assert.Equal(WorkerExitCode.Succeeded, job.Run());

        Assert.All(job.Events.OfType<StartedEvent>(), started => Assert.Null(started.ResumedFrom));
        Assert.Equal(first, Weights(job));
    }

    [Fact]
    public void Run_OtherRowsThanTheCheckpoint_IsRefused()
    {
        using var job = new TestJob();
        var spec = job.Spec();
        job.Run(spec);
        File.AppendAllText(spec.Data.Train, TestJob.Row<int>([5, 6, 7], [5, 6, 7]) + "\n");

        Assert.Equal(WorkerExitCode.Invalid, job.Run());

        Assert.Equal("data_changed", job.Exit.Code);
        Assert.Equal("The training rows, the tokenizer or the chat template changed since the checkpoint was taken.", job.Exit.Message);
    }

    [Fact]
    public void Run_ModelFilesThatGiveTheSameTokens_GoesOn()
    {
        using var job = new TestJob();
        var config = job.Write("model/config.json", File.ReadAllText(RepositoryFiles.Fixture("llama-tied", "config.json")));
        foreach (var name in new[] { "model.safetensors", "tokenizer.json" })
        {
            File.Copy(RepositoryFiles.Fixture("llama-tied", name), Path.Combine(Path.GetDirectoryName(config)!, name));
        }

        job.Run(job.Spec() with { Model = new ModelSpec { Path = Path.GetDirectoryName(config)! } });
        File.AppendAllText(config, "\n");

        Assert.Equal(WorkerExitCode.Succeeded, job.Run());

        Assert.Equal(6, job.Events.OfType<StartedEvent>().Last().ResumedFrom);
    }

    [Theory]
    [InlineData("trainer_state.json")]
    [InlineData("optimizer.safetensors")]
    [InlineData("adapter_model.safetensors")]
    public void Run_DamagedCheckpoint_SaysWhichFileAndWhatToDo(string file)
    {
        using var job = new TestJob();
        job.Run(job.Spec());
        var checkpoint = job.Folder.ListCheckpoints()[^1].Path;
        File.WriteAllBytes(Path.Combine(checkpoint, file), [1, 2, 3]);

        Assert.Equal(WorkerExitCode.Invalid, job.Run());

        Assert.Contains(file, job.Log.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(job.Exit.Remedy!);
    }

    [Fact]
    public void Run_InterruptedWhileWritingACheckpoint_RemovesThePart()
    {
        using var job = new TestJob();
        var part = Path.Combine(job.Folder.Checkpoints, ".step-00000002.1.partial");
        Directory.CreateDirectory(part);

        job.Run(job.Spec());

        Assert.False(Directory.Exists(part));
    }

    private static JobSpec Spec(TestJob job, TrainingMethod method)
    {
        var spec = job.Spec();
        return spec with
        {
            Method = method,
            Data = spec.Data with { Packing = true, Validation = job.RandomRows("validation.jsonl", 6, seed: 9) },
            Lora = spec.Lora with { Dropout = 0.1 },
            Train = spec.Train with { MaxSteps = 12, SaveSteps = 2, EvalSteps = 5, LearningRate = 1e-3 },
        };
    }

    /// <summary>Runs the job in a process of its own and ends that without warning once it has done some steps; it would do the others within a moment.</summary>
    private static async Task KillAsync(TestJob job, int afterStep, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(TestProgram.FileName, TestProgram.StandingAt(job.Folder, afterStep)) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var error = process.StandardError.ReadToEndAsync(cancellation);
        var said = await process.StandardOutput.ReadLineAsync(cancellation);
        process.Kill();
        await process.WaitForExitAsync(cancellation);
        Assert.True(said == TestProgram.Standing, await error);
        Assert.Equal(afterStep, job.Metrics[^1].Step);
    }

    private static SortedDictionary<int, double?> LossByStep(TestJob job)
    {
        var losses = new SortedDictionary<int, double?>();
        foreach (var metric in job.Metrics)
        {
            losses[metric.Step] = metric.Loss;
        }

        return losses;
    }

    private static byte[] Weights(TestJob job) =>
        File.ReadAllBytes(Directory.EnumerateFiles(job.Folder.Artifacts, "*.safetensors", SearchOption.AllDirectories).Single());
}
