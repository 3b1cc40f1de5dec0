using Beep.Contracts;
using Beep.Host.Cli.Training;
using Beep.Host.Jobs;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Cli;

public sealed class TrainingViewTests
{
    private static readonly StartedEvent Started =
        new("torchsharp", new Dictionary<string, string>(), "cpu", "fp32", 1234, 56789, 100);

    [Fact]
    public void Show_PlainView_SaysWhatHappenedAboutEveryTenth()
    {
        var terminal = new TestTerminal();
        var view = new PlainTrainingView(terminal.Terminal);
        view.Show(new DataEvent(10, 2000, 500, 1, 2, 7, 3));
        view.Show(Started);
        view.Show(new EvaluationEvent(0, 4.5, 0.25));
        for (var step = 1; step <= 100; step++)
        {
            view.Show(new MetricEvent(step, 0, 4 - (step / 50.0), 1e-4, 1, step * 100, 1500));
            view.Show(new ProgressEvent(step, 100, 0, 200 - (2 * step)));
        }

        view.Show(new SampleEvent(100, "What is\a it?", "A thing.\nTruly."));
        view.Show(new CheckpointEvent(100, "checkpoints/step-00000100"));
        view.Show(new WarningEvent("odd", "Something is odd.", "Look."));
        var lines = terminal.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("Data: 10 rows, 1 cut, 2 left out, 2,000 tokens (500 trained on) in 7 sequences; 3 rows held out.", lines[0]);
        Assert.Equal("On cpu in fp32: 1,234 of 56,789 weights are trained, 100 steps.", lines[1]);
        Assert.Equal("Step 0: held-out loss 4.500, 25 % of the tokens right.", lines[2]);
        Assert.Equal("Step 10 of 100 (10 %): loss 3.800, 1,500 tokens/s, 3 m 2 s left", lines[3]);
        Assert.Equal(10, lines.Count(line => line.Contains(" of 100 (", StringComparison.Ordinal)));
        Assert.Equal(
            [
                "Step 100: \"What is? it?\" is answered: A thing. Truly.",
                "Step 100: checkpoint saved.",
                "warning: Something is odd. Look. [odd]",
            ],
            lines[^3..]);
        Assert.DoesNotContain('\e', terminal.Output);
    }

    [Fact]
    public void Show_PlainViewOfAResumedRun_GoesOnCounting()
    {
        var terminal = new TestTerminal();
        var view = new PlainTrainingView(terminal.Terminal);
        view.Show(Started with { ResumedFrom = 45 });
        view.Show(new MetricEvent(46, 0, 2, 1e-4, 1, 100, 1500));
        view.Show(new MetricEvent(50, 0, 2, 1e-4, 1, 100, 1500));
        Assert.Equal(
            "On cpu in fp32: 1,234 of 56,789 weights are trained, 100 steps, going on from step 45.\nStep 50 of 100 (50 %): loss 2.000, 1,500 tokens/s\n",
            terminal.Output);
    }

    [Theory]
    [InlineData(120)]
    [InlineData(70)]
    [InlineData(40)]
    [InlineData(10)]
    public void Show_LiveView_NeverFillsTheLastColumn(int width)
    {
        var terminal = new TestTerminal(isLive: true, width: width);
        var view = new LiveTrainingView(terminal.Terminal, new SteppingTime());
        view.Show(Started);
        for (var step = 1; step <= 60; step++)
        {
            view.Show(new MetricEvent(step, 0, 4 - (step / 50.0), 1e-4, 1, step * 100, 1500));
            view.Show(new ProgressEvent(step, 100, 0, 40));
        }

        view.Close();
        var drawn = terminal.Output.Split("\r\e[2K")[2..];
        Assert.All(drawn.Where(line => !line.Contains("weights", StringComparison.Ordinal)), line => Assert.True(line.TrimEnd('\n').Length < width, $"'{line}' is too long"));
        Assert.EndsWith("\n", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Show_WideLiveView_HasBarFiguresAndCurve()
    {
        var terminal = new TestTerminal(isLive: true, width: 100);
        var view = new LiveTrainingView(terminal.Terminal, new SteppingTime());
        view.Show(Started);
        foreach (var (step, loss) in new[] { (25, 4.0), (50, 2.0) })
        {
            view.Show(new MetricEvent(step, 0, loss, 1e-4, 1, 100, 1500));
            view.Show(new ProgressEvent(step, 100, 0, 40));
        }

        Assert.EndsWith("━━━━━━━━━━──────────  step 50 of 100  loss 2.000  1,500 tokens/s  40 s left  █▁", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Show_ResumedRun_DropsVoidLosses()
    {
        var progress = new TrainingProgress();
        progress.Add(Started);
        foreach (var step in new[] { 1, 2, 3 })
        {
            progress.Add(new MetricEvent(step, 0, step, 1e-4, 1, 100, 1500));
        }

        progress.Add(Started with { ResumedFrom = 2 });
        Assert.Equal([1.0, 2.0], progress.Losses);
        Assert.Equal(2, progress.Step);
    }

    /// <summary>Every look at the clock is a second later, so that no redraw is skipped.</summary>
    private sealed class SteppingTime : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now += TimestampFrequency;
    }
}
