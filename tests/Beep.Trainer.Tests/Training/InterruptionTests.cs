using Beep.Contracts;

namespace Beep.Trainer.Tests.Training;

public sealed class InterruptionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    public void Run_CancelledBeforeAnEvaluation_MakesUpForItWhenRunAgain(int step)
    {
        using var whole = new TestJob();
        using var broken = new TestJob();
        whole.Run(Spec(whole));

        Assert.Equal(WorkerExitCode.Cancelled, broken.RunAndCancel(Spec(broken), last => step == 0 ? last is StartedEvent : last is MetricEvent metric && metric.Step == step));
        Assert.Equal(step, broken.Folder.ListCheckpoints()[^1].Step);
        Assert.Equal(WorkerExitCode.Succeeded, broken.Run());

        Assert.Equal(Losses(whole), Losses(broken));
        Assert.Equal(whole.Events.OfType<SampleEvent>().Select(e => (e.Step, e.Text)), broken.Events.OfType<SampleEvent>().Select(e => (e.Step, e.Text)));
        Assert.Equal(whole.Exit.Summary!.FirstEvaluationLoss, broken.Exit.Summary!.FirstEvaluationLoss);
        Assert.Equal(whole.Exit.Summary.LastEvaluationLoss, broken.Exit.Summary.LastEvaluationLoss);
    }

    [Fact]
    public void Run_KilledBetweenTheLastCheckpointAndTheArtifact_ReportsWhatAnUninterruptedRunDoes()
    {
        using var job = new TestJob();
        job.Run(Spec(job));
        var (exit, card) = (job.Exit.Summary!, File.ReadAllText(Path.Combine(job.Folder.Adapter, "README.md")));
        Directory.Delete(job.Folder.Artifacts, recursive: true);
        File.Delete(job.Folder.Exit);

        Assert.Equal(WorkerExitCode.Succeeded, job.Run());

        Assert.Equal(exit with { Seconds = 0, PeakMemoryBytes = 0 }, job.Exit.Summary! with { Seconds = 0, PeakMemoryBytes = 0 });
        Assert.Equal(card, File.ReadAllText(Path.Combine(job.Folder.Adapter, "README.md")));
    }

    [Fact]
    public void Run_CancelledRightAfterACheckpoint_LeavesThatOneAlone()
    {
        using var job = new TestJob();

        Assert.Equal(WorkerExitCode.Cancelled, job.RunAndCancel(Spec(job), last => last is MetricEvent { Step: 4 }));

        Assert.Equal([2, 4], job.Events.OfType<CheckpointEvent>().Select(e => e.Step));
        Assert.Equal("checkpoints/step-00000004", job.Exit.Summary!.LastCheckpoint!.Replace('\\', '/'));
    }

    [Fact]
    public void Run_ResumeNeverOverLaterCheckpoints_KeepsItsOwn()
    {
        using var job = new TestJob();
        var spec = Spec(job) with { Resume = ResumePolicy.Never };
        job.Run(spec);

        job.Run(spec with { Train = spec.Train with { MaxSteps = 5 } });

        Assert.Equal([4, 5], job.Folder.ListCheckpoints().Select(checkpoint => checkpoint.Step));
        Assert.True(File.Exists(Path.Combine(job.Folder.Root, job.Exit.Summary!.LastCheckpoint!, "optimizer.safetensors")));
    }

    [Fact]
    public void Run_WhileAnotherWorkerHoldsTheFolder_TouchesNothingOfIt()
    {
        using var job = new TestJob();
        job.Prepare(job.Spec());
        var half = job.Write("job/checkpoints/.step-00000002.9.partial/model.safetensors", "half");
        File.WriteAllText(job.Folder.Exit, "{}");
        using var other = JobLock.TryTake(job.Folder);

        var fault = Assert.Throws<FaultException>(() => job.Run()).Faults.Single();

        Assert.Equal("job_running", fault.Code);
        Assert.True(File.Exists(half));
        Assert.True(File.Exists(job.Folder.Exit));
    }

    private static JobSpec Spec(TestJob job)
    {
        var spec = job.Spec();
        return spec with
        {
            Data = spec.Data with { Validation = job.RandomRows("validation.jsonl", 5, seed: 2) },
            Train = spec.Train with { EvalSteps = 3, SaveSteps = 2 },
            Samples = new SamplesSpec { Prompts = ["Hi"], MaxNewTokens = 3 },
        };
    }

    private static IEnumerable<(int Step, double? Loss)> Losses(TestJob job) => job.Events.OfType<EvaluationEvent>().Select(e => (e.Step, e.Loss));
}
