using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Tests.Support;
using Beep.Tests;
using static Beep.EndToEnd.Tests.Support.JobClient;

namespace Beep.EndToEnd.Tests;

/// <summary>Transformers in a real environment on a real Slurm, which puts the job back in the middle.</summary>
[Collection(SlurmWorker.Alone)]
public sealed class TransformersClusterTests(TestCluster cluster)
{
    private const int Steps = 400;

    [Fact]
    public async Task Job_ThatIsPutBackWhileItsServerIsAway_GoesOnAndEndsWithAModel()
    {
        Assert.SkipWhen(PythonWorker.Hindrance(needsPeft: false) is not null, PythonWorker.Hindrance(needsPeft: false) ?? "");
        await cluster.ReadyAsync();
        using var folder = new TemporaryFolder();
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = folder.Path, ["ENABLE_FINETUNE"] = "true", ["ENABLE_SLURM"] = "true", ["SLURM_CONF"] = cluster.Configuration };
        Assert.Equal(0, (await BeepProgram.RunWithAsync(environment, "admin", "create", "--username", "ada", "--json")).ExitCode);
        var cookies = new CookieContainer();
        int port;
        string job;
        await using (var first = await ServerProcess.StartAsync(folder.Path, environment))
        {
            port = first.Address.Port;
            using var client = Open(first, cookies);
            await SignInAsync(client, environment);
            await PythonWorker.RegisterAsync(client, "debian");
            var (dataset, models) = (await UploadAsync(client, 200), await ReadAsync(client, "api/v1/models"));
            job = (string)(await PostAsync(client, "api/v1/finetune/jobs", new JsonObject
            {
                ["model"] = (string)models["items"]![0]!["id"]!,
                ["dataset"] = dataset,
                ["preset"] = "full",
                ["overrides"] = new JsonObject { ["backend"] = "transformers", ["train.max_steps"] = Steps, ["train.save_steps"] = 100, ["data.max_length"] = 64, ["train.per_device_batch_size"] = 1, ["train.gradient_accumulation_steps"] = 1 },
                ["placement"] = new JsonObject { ["executor"] = "slurm", ["environment"] = "debian", ["cluster"] = new JsonObject { ["minutes"] = 30 } },
            }))["id"]!;
            await UntilAsync(() => Metrics(new JobFolder(new HostPaths(folder.Path).Job(job))).Any());
            // It is put back while it stands still, so that it cannot have ended before.
            SlurmWorker.Pause(new JobFolder(new HostPaths(folder.Path).Job(job)));
            // Told to stop, it leaves what is on the cluster alone.
            await first.StopAsync();
        }

        var jobFolder = new JobFolder(new HostPaths(folder.Path).Job(job));
        var number = SlurmRecord.Read(jobFolder)!.Number!.Value;
        await cluster.RunAsync("scontrol", "requeue", number.ToString(CultureInfo.InvariantCulture));
        SlurmWorker.GoOn(jobFolder);
        await UntilAsync(() => Starts(jobFolder).Count == 2);
        await using var second = await ServerProcess.StartAsync(folder.Path, environment, port);
        using var again = Open(second, cookies);
        var view = await EndAsync(again, job);
        Assert.True((string?)view["state"] == "succeeded", view.ToJsonString());
        Assert.Equal(["merged"], view["artifacts"]!.AsArray().Select(artifact => (string?)artifact!["name"]));
        Assert.True(Starts(jobFolder)[1].ResumedFrom > 0);
        Assert.All(Starts(jobFolder), started => Assert.Equal("transformers", started.Backend));
        var events = EventReader.ReadFrom(jobFolder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => (int)happened.Seq));
        var losses = events.OfType<MetricEvent>().ToLookup(metric => metric.Step, metric => metric.Loss);
        Assert.Equal(Enumerable.Range(1, Steps), losses.Select(step => (int)step.Key).Order());
        // What was done again gave the same.
        Assert.All(losses, step => Assert.Single(step.Distinct()));
        Assert.Single(await cluster.JobsAsync("beep-" + job));
    }
}
