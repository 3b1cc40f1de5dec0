using System.Diagnostics;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Support;
using Beep.Tests;

namespace Beep.EndToEnd.Tests;

public sealed class QuickstartTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Quickstart_FromNothing_LearnsShowsAndFinishesInTime()
    {
        Assert.SkipUnless(File.Exists(RepositoryFiles.At("models", "beep-tiny", "model.safetensors")), "models/beep-tiny has no weights in this checkout.");
        using var home = new TemporaryFolder();
        // The whole machine, as a user has it.
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path, ["OMP_NUM_THREADS"] = "" };
        var folder = new JobFolder(home.At("quickstart"));
        var started = Stopwatch.GetTimestamp();

        if (OperatingSystem.IsLinux())
        {
            var running = BeepProgram.Start(["quickstart", "--exit"], environment);
            while (!running.HasEnded && !EventReader.ReadFrom(folder.Events).Any(line => line.Event is MetricEvent { Step: >= 5 }))
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }

            BeepProgram.Signal(running.Id, BeepProgram.Interrupt);
            var stopped = await running.EndAsync();
            Assert.Equal((10, ""), (stopped.ExitCode, stopped.Error));
            Assert.Equal("Go on with: beep quickstart", stopped.LastLine);
        }

        var result = await BeepProgram.RunWithAsync(environment, "quickstart", "--exit");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, Limit);
        var summary = JobExit.Read(folder)!.Summary!;
        Assert.True(summary.LastEvaluationLoss <= 0.7 * summary.FirstEvaluationLoss, $"held-out loss went from {summary.FirstEvaluationLoss} to {summary.LastEvaluationLoss}");
        Assert.Contains("The tuned model answers", result.Output, StringComparison.Ordinal);
        Assert.Contains($"beep generate --model {RepositoryFiles.At("models", "beep-tiny")} --adapter {folder.Adapter} --prompt", result.Output, StringComparison.Ordinal);

        var again = await BeepProgram.RunWithAsync(environment, "quickstart", "--exit");
        Assert.Equal(0, again.ExitCode);
        Assert.StartsWith($"The quickstart in '{folder.Root}' is finished; this is what came of it. Start over with: beep quickstart --again\n", again.Output, StringComparison.Ordinal);
        Assert.Contains("The tuned model answers", again.Output, StringComparison.Ordinal);
    }
}
