using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Support;

namespace Beep.EndToEnd.Tests;

public sealed class TrainTests : IDisposable
{
    private readonly SmallJob _job = new();

    [Fact]
    public async Task Train_SmallJob_LeavesEventsAnAdapterAndAnExit()
    {
        var result = await BeepProgram.RunAsync(_job.Train(20));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var folder = _job.Folder;
        Assert.StartsWith($"Training an adapter for '{SmallJob.Model}' on '{_job.Data}'; the job folder is '{folder.Root}'.\n", result.Output, StringComparison.Ordinal);
        Assert.Equal($"Try it: beep generate --model {SmallJob.Model} --adapter {folder.Adapter} --prompt \"…\"", result.LastLine);
        Assert.DoesNotContain('\e', result.Output);

        var events = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(one => (int)one.Seq));
        Assert.Equal(20, events.OfType<MetricEvent>().Last().Step);
        Assert.Equal([0, 20], events.OfType<EvaluationEvent>().Select(evaluation => evaluation.Step));
        Assert.IsType<FinishedEvent>(events[^1]);
        var exit = JobExit.Read(folder)!;
        Assert.Equal((JobStatus.Succeeded, 20), (exit.Status, exit.Summary!.Steps));
        Assert.True(exit.Summary.LastEvaluationLoss < exit.Summary.FirstEvaluationLoss);
        Assert.True(File.Exists(Path.Combine(folder.Adapter, "adapter_config.json")));
        Assert.NotEmpty(SmallJob.Weights(folder));
    }

    [Fact]
    public async Task Train_WithJson_PrintsOneObjectAndNothingElse()
    {
        var result = await BeepProgram.RunAsync(_job.Train(5, "job", "--json"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var json = JsonNode.Parse(result.Output)!;
        Assert.Equal("succeeded", (string?)json["status"]);
        Assert.Equal(0, (int)json["exit_code"]!);
        Assert.Equal(_job.Folder.Root, (string?)json["job_folder"]);
        Assert.Equal(_job.Folder.Adapter, (string?)json["adapter"]);
        Assert.Equal(5, (int)json["summary"]!["steps"]!);
        Assert.Empty(json["faults"]!.AsArray());
    }

    [Fact]
    public async Task Train_FinishedJobAgain_DoesNothing()
    {
        await BeepProgram.RunAsync(_job.Train(5));
        var written = File.GetLastWriteTimeUtc(_job.Folder.Events);
        var result = await BeepProgram.RunAsync("train", "--out", _job.Folder.Root);
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith($"The job in '{_job.Folder.Root}' is finished; nothing is left to do.\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(written, File.GetLastWriteTimeUtc(_job.Folder.Events));
    }

    [Fact]
    public async Task Train_OtherSettingsInTheSameFolder_IsRefusedAndNothingChanges()
    {
        await BeepProgram.RunAsync(_job.Train(5));
        var result = await BeepProgram.RunAsync(_job.Train(6));
        Assert.Equal(20, result.ExitCode);
        Assert.Equal(
            $"error: train.max_steps: The job in '{_job.Folder.Root}' has 'train.max_steps' 5; 6 was asked for. Name another --out, or give --out alone to go on with the job as it stands. [spec_differs]\n",
            result.Error);
        Assert.Equal(5, SpecReader.Read(_job.Folder.Spec).Train.MaxSteps);
    }

    [Fact]
    public async Task Train_Worker_KnowsNoSecretOfTheHost()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The environment of another process is read from /proc, which only Linux has.");
        var environment = new Dictionary<string, string> { ["HF_TOKEN"] = "hush", ["SECRET_KEY"] = "hush", ["BEEP_API_TOKEN"] = "hush" };
        var running = BeepProgram.Start(_job.Train(100_000), environment);
        await _job.WaitForStepAsync(1, running);
        var variables = await File.ReadAllTextAsync($"/proc/{running.WorkerId}/environ", TestContext.Current.CancellationToken);
        BeepProgram.Signal(running.Id, BeepProgram.Interrupt);
        Assert.Equal(10, (await running.EndAsync()).ExitCode);
        Assert.Contains("PATH=", variables, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", variables, StringComparison.Ordinal);
    }

    public void Dispose() => _job.Dispose();
}
