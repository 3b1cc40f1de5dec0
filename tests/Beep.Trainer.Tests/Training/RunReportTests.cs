using Beep.Contracts;
using Beep.Trainer.Training;

namespace Beep.Trainer.Tests.Training;

public sealed class RunReportTests
{
    [Fact]
    public void Step_SlowStart_IsNotCountedIntoTheRate()
    {
        using var job = new TestJob();
        var clock = new Clock();
        Directory.CreateDirectory(job.Folder.Root);
        using (var events = new EventWriter(job.Folder, clock))
        {
            var report = new RunReport(events, new JobSpec { Train = new TrainSpec { LoggingSteps = 5 } }, clock);
            clock.Seconds += 100;
            for (var step = 1; step <= 5; step++)
            {
                clock.Seconds += 2;
                report.Step(new TrainerState(step, step * 1000, 0, ""), epoch: 0, loss: 1, learningRate: 1, gradientNorm: 1);
            }
        }

        Assert.Equal(500, Assert.Single(job.Metrics).TokensPerSecond);
    }

    [Fact]
    public void Step_FirstOfAWorker_HasNoRateThatWasNotMeasured()
    {
        using var job = new TestJob();
        job.Run(job.Spec());

        Assert.Null(job.Metrics[0].TokensPerSecond);
        Assert.All(job.Metrics.Skip(1), metric => Assert.True(metric.TokensPerSecond > 0));
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
