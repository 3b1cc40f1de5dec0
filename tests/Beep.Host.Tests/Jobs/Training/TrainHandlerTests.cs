using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Executors;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Training;
using Beep.Host.Tasks;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Beep.Host.Tests.Tasks;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Training;

public sealed class TrainHandlerTests(PostgresServer server) : IDisposable
{
    private const string Started = "\"type\":\"started\",\"backend\":\"torchsharp\",\"versions\":{},\"device\":\"cpu\",\"precision\":\"fp32\",\"trainable_parameters\":10,\"total_parameters\":20,\"total_steps\":4";
    private const string Data = "\"type\":\"data\",\"rows\":3,\"tokens\":30,\"trainable_tokens\":20,\"truncated\":0,\"dropped\":0,\"sequences\":2";

    private readonly TemporaryFolder _elsewhere = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Train_ToItsEnd_TellsStepsProgressLogAndResult()
    {
        await using var host = await StartAsync(
            "echo said; " + FakeWorker.WriteEvent(1, Started) + FakeWorker.WriteEvent(2, Data) + Metric(3, 1) + Metric(4, 2) + "sleep 0.3; " + Metric(5, 3) + Metric(6, 4)
            + """printf '%s' '{"version":1,"status":"succeeded","exit_code":0,"started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:01:00Z","summary":{"steps":4,"epochs":2,"tokens":60,"seconds":60,"train_loss":0.5,"first_evaluation_loss":2,"last_evaluation_loss":1}}' > exit.json""");
        var folder = await MakeJobAsync(host);
        var id = await EnqueueAsync(host, "quickstart");
        var row = await host.UntilEndAsync(id);
        Assert.Equal((TaskState.Completed, 100, "Held-out loss 2.000 → 1.000 (-50 %)"), (row.Status, row.Progress, row.Message));
        Assert.Equal(
            ["Prepare completed 3 rows, 20 tokens to learn", "Train completed 4 steps, loss 0.500", "Evaluate and save completed Held-out loss 2.000 → 1.000 (-50 %)"],
            TaskView.Of(row).Steps.Select(step => $"{step.Name} {step.Status} {step.Message}"));
        var result = JsonNode.Parse(row.Result!)!;
        Assert.Equal((folder.Adapter, 4, 60.0, 0.5, 2.0, 1.0), ((string?)result["adapter"], (int)result["steps"]!, (double)result["seconds"]!, (double)result["train_loss"]!, (double)result["first_evaluation_loss"]!, (double)result["last_evaluation_loss"]!));
        var log = await File.ReadAllLinesAsync(TaskLog.PathOf(host.Log.Paths, id), Token);
        Assert.Contains("On cpu in fp32: 10 of 20 weights are trained, 4 steps.", log);
        Assert.Equal("said\n", await File.ReadAllTextAsync(folder.Output, Token));
        // Once more it is not trained again.
        Assert.Equal(TaskState.Completed, (await host.UntilEndAsync(await EnqueueAsync(host, "quickstart"))).Status);
        Assert.Equal("said\n", await File.ReadAllTextAsync(folder.Output, Token));
    }

    [Fact]
    public async Task Train_WorkerThatFails_FailsWithItsFault()
    {
        await using var host = await StartAsync(FakeWorker.WriteEvent(1, "\"type\":\"failed\",\"code\":\"bad_json\",\"message\":\"Line 3 is broken.\",\"remedy\":\"Correct it.\"") + FakeWorker.WriteExit("failed", 20));
        await MakeJobAsync(host);
        var row = await host.UntilEndAsync(await EnqueueAsync(host, "quickstart"));
        Assert.Equal((TaskState.Failed, "bad_json", "Line 3 is broken.", "Correct it."), (row.Status, row.ErrorCode, row.Error, row.ErrorRemedy));
        Assert.Equal(("Prepare", TaskStep.Failed, "Line 3 is broken."), TaskView.Of(row).Steps.Select(step => (step.Name, step.Status, step.Message!)).Single());
    }

    [Fact]
    public async Task Train_WorkerThatDies_FailsWithItsLastWords()
    {
        await using var host = await StartAsync("echo something odd; exit 134");
        await MakeJobAsync(host);
        var row = await host.UntilEndAsync(await EnqueueAsync(host, "quickstart"));
        Assert.Equal((TaskState.Failed, "worker_died", "The worker ended with signal 6 without saying why. Its last output: something odd"), (row.Status, row.ErrorCode, row.Error));
    }

    [Fact]
    public async Task Train_WorkerThatStopsUnasked_FailsAndSaysHowToGoOn()
    {
        await using var host = await StartAsync("printf '%s' '{\"version\":1,\"status\":\"cancelled\",\"exit_code\":10,\"code\":\"time_limit\",\"message\":\"The run reached its limit of 60 seconds.\",\"remedy\":\"Run the job again.\",\"started_at\":\"2026-01-01T00:00:00Z\",\"finished_at\":\"2026-01-01T00:01:00Z\"}' > exit.json; exit 10");
        await MakeJobAsync(host);
        var row = await host.UntilEndAsync(await EnqueueAsync(host, "quickstart"));
        Assert.Equal((TaskState.Failed, "time_limit", "Run the job again."), (row.Status, row.ErrorCode, row.ErrorRemedy));
    }

    [Fact]
    public async Task Cancel_WorkerThatSaves_IsAskedOnceAndWaitedFor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere processes are ended without being asked.");
        await using var host = await StartAsync($"mkdir -p checkpoints/step-00000002; trap 'echo term >> terms; sleep 0.5; {FakeWorker.WriteEvent(4, "\"type\":\"checkpoint\",\"step\":2,\"path\":\"x\"").Replace("'", "'\\''", StringComparison.Ordinal)} exit 10' TERM; {FakeWorker.WriteEvent(1, Started)}{Metric(2, 1)}{Metric(3, 2)} while :; do sleep 0.05; done");
        var folder = await MakeJobAsync(host);
        var id = await EnqueueAsync(host, "quickstart");
        var running = await host.UntilAsync(id, row => row.Progress == 50);
        Assert.Equal("Step 2 of 4, loss 0.500, 9 s left", running.Message);
        Assert.Equal(CancelAnswer.Requested, await host.Queue.CancelAsync(running, AuditActors.CommandLine, Token));
        var row = await host.UntilEndAsync(id);
        Assert.Equal((TaskState.Cancelled, "Stopped; the checkpoint of step 2 is saved"), (row.Status, row.Message));
        Assert.Equal("term\n", await File.ReadAllTextAsync(Path.Combine(folder.Root, "terms"), Token));
        Assert.Contains("Step 2: checkpoint saved.", await File.ReadAllLinesAsync(TaskLog.PathOf(host.Log.Paths, id), Token));
    }

    [Theory]
    [InlineData("../job", "job_elsewhere")]
    [InlineData("", "job_elsewhere")]
    [InlineData(".", "job_elsewhere")]
    [InlineData("quickstart/../..", "job_elsewhere")]
    [InlineData("linked/job", "job_elsewhere")]
    [InlineData("nothing", "job_not_found")]
    public async Task Train_FolderThatIsNoJobOfTheHome_IsRefused(string folder, string code)
    {
        await using var host = await StartAsync("touch ran");
        await MakeJobAsync(host);
        _elsewhere.Write("job/spec.json", await File.ReadAllTextAsync(new JobFolder(host.Log.Paths.Quickstart).Spec, Token));
        Directory.CreateSymbolicLink(Path.Combine(host.Log.Paths.Home, "linked"), _elsewhere.Path);
        var row = await host.UntilEndAsync(await EnqueueAsync(host, folder));
        Assert.Equal((TaskState.Failed, code), (row.Status, row.ErrorCode));
        Assert.False(File.Exists(_elsewhere.At("job", "ran")));
    }

    [Fact]
    public async Task Train_HostThatIsStopped_GoesOnFromTheCheckpointInTheNext()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere processes are ended without being asked.");
        var trainer = TrainerProgram.Locate(AppContext.BaseDirectory);
        await using var first = await CreateAsync(trainer);
        var folder = await MakeJobAsync(first, $"train.max_steps={JobServer.Endless}", $"train.save_steps={JobServer.Endless}");
        var id = await EnqueueAsync(first, "quickstart");
        await first.StartAsync();
        await first.UntilAsync(id, row => row.Message?.StartsWith("Step ", StringComparison.Ordinal) == true);
        await first.StopAsync();
        var waiting = await first.ReadAsync(id);
        Assert.Equal((TaskState.Pending, 0), (waiting.Status, waiting.Attempts));
        var saved = Assert.Single(folder.ListCheckpoints()).Step;
        Assert.True(saved >= 1);
        JobSteps.Set(folder, saved + 20);

        await using var second = first.Beside(Handler(() => first, trainer));
        await second.StartAsync();
        var row = await second.UntilEndAsync(id);
        Assert.Equal((TaskState.Completed, null), (row.Status, row.Error));
        Assert.Equal(saved, EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<StartedEvent>().Last().ResumedFrom);
        Assert.True(File.Exists(Path.Combine(folder.Adapter, "adapter_model.safetensors")));
        Assert.Equal(saved + 20, (int)JsonNode.Parse(row.Result!)!["steps"]!);
    }

    public void Dispose() => _elsewhere.Dispose();

    private static string Metric(int seq, int step) =>
        FakeWorker.WriteEvent(seq, $"\"type\":\"metric\",\"step\":{step},\"epoch\":1,\"loss\":0.5,\"learning_rate\":0.1,\"grad_norm\":1,\"tokens\":10,\"tokens_per_second\":5")
        + FakeWorker.WriteEvent(seq, $"\"type\":\"progress\",\"step\":{step},\"total_steps\":4,\"epoch\":1,\"eta_seconds\":9");

    private async Task<TaskTestHost> StartAsync(string script)
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        var host = await CreateAsync(FakeWorker.Of(script));
        await host.StartAsync();
        return host;
    }

    private async Task<TaskTestHost> CreateAsync(TrainerProgram trainer)
    {
        TaskTestHost? host = null;
        host = await TaskTestHost.CreateAsync(TestDatabase.Sqlite, server, TaskTestHost.Quick with { ShutdownGrace = TimeSpan.FromSeconds(50), StopGrace = TimeSpan.FromSeconds(50) }, Handler(() => host!, trainer));
        return host;
    }

    /// <summary>The handler over the home of a host that is made after it.</summary>
    private static TestHandler Handler(Func<TaskTestHost> host, TrainerProgram trainer) =>
        new(TrainHandler.KindName, (run, token) => new TrainHandler(host().Log.Paths, [new ShippedTrainer(() => trainer)], [new ChildExecutor(TimeProvider.System)], TimeProvider.System).RunAsync(run, token)) { ResourceClass = ResourceClass.Cpu };

    private async Task<JobFolder> MakeJobAsync(TaskTestHost host, params string[] settings)
    {
        var rows = _elsewhere.Write("rows.jsonl", string.Concat(Enumerable.Range(1, 60).Select(i => $$"""{"text":"Count {{i}} is number {{i}} of many."}""" + "\n")));
        var job = JobFolderPreparer.Inspect(host.Log.Paths.Quickstart, new SpecSources { Model = RepositoryFiles.Fixture("llama-tied"), Data = rows, Preset = "lora-small", Settings = ["data.max_length=64", .. settings] });
        await Task.Run(() => JobFolderPreparer.Write(job), Token);
        return job.Folder;
    }

    private static async Task<string> EnqueueAsync(TaskTestHost host, string folder) => (await host.AddAsync(TrainHandler.KindName, input: new JsonObject { ["folder"] = folder })).Id;
}
