using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Tests.Support;
using Beep.Tests;
using static Beep.EndToEnd.Tests.Support.JobClient;

namespace Beep.EndToEnd.Tests;

/// <summary>The shipped trainer on a real Slurm, in a home whose name is a trap for scripts, through everything that may happen to it.</summary>
[Collection(SlurmWorker.Alone)]
public sealed class ClusterJobTests(TestCluster cluster)
{
    private const int Steps = 1000;
    private const string Secret = "only the server knows";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_WhoseServersAreKilledAndThatIsPutBackCancelledAndResumed_TrainsEveryStepOnce()
    {
        await cluster.ReadyAsync();
        using var folder = new TemporaryFolder();
        var home = folder.At("it's 100%j $(touch trapped) \"x\"");
        var environment = new Dictionary<string, string>
        {
            ["BEEP_PYTHON_HOME"] = home, ["ENABLE_FINETUNE"] = "true", ["ENABLE_SLURM"] = "true", ["SLURM_CONF"] = cluster.Configuration, ["SLURM_BIN"] = SlowSubmission(folder), ["SLURM_CPUS"] = "2", ["WAREHOUSE_PASSWORD"] = Secret,
        };
        Assert.Equal(0, (await BeepProgram.RunWithAsync(environment, "admin", "create", "--username", "ada", "--json")).ExitCode);
        var cookies = new CookieContainer();
        int port;
        string job;
        folder.Write("hold", "");
        await using (var first = await ServerProcess.StartAsync(home, environment))
        {
            port = first.Address.Port;
            using var client = Open(first, cookies);
            await SignInAsync(client, environment);
            var (dataset, models) = (await UploadAsync(client, 400), await ReadAsync(client, "api/v1/models"));
            job = (string)(await PostAsync(client, "api/v1/finetune/jobs", new JsonObject
            {
                ["model"] = (string)models["items"]![0]!["id"]!,
                ["dataset"] = dataset,
                ["preset"] = "lora-small",
                ["overrides"] = new JsonObject { ["train.max_steps"] = Steps, ["train.save_steps"] = 100, ["data.max_length"] = 64, ["train.per_device_batch_size"] = 1, ["train.gradient_accumulation_steps"] = 1 },
                ["placement"] = new JsonObject { ["executor"] = "slurm", ["cluster"] = new JsonObject { ["minutes"] = 30 } },
            }))["id"]!;
            // Slurm has the job, and the server never hears its number.
            await UntilAsync(() => File.Exists(folder.At("submitted")));
            await first.KillAsync();
        }

        var jobFolder = new JobFolder(new HostPaths(home).Job(job));
        Assert.Null(SlurmRecord.Read(jobFolder)!.Number);
        File.Delete(folder.At("hold"));
        await UntilAsync(() => Metrics(jobFolder).Any());
        // A server takes longer to start than a small model to train.
        SlurmWorker.Pause(jobFolder);
        await using (var second = await ServerProcess.StartAsync(home, environment, port))
        {
            await UntilAsync(() => SlurmRecord.Read(jobFolder)!.Number is not null);
            Assert.DoesNotContain(ProcessTable.ReadAll(), process => ProcessTable.ReadVariable(process.Pid, SlurmScript.Variable) is not null && ProcessTable.ReadVariable(process.Pid, "WAREHOUSE_PASSWORD") is not null);
            Assert.Contains(ProcessTable.ReadAll(), process => ProcessTable.ReadVariable(process.Pid, SlurmScript.Variable) == SlurmRecord.Read(jobFolder)!.Submission);
            await second.KillAsync();
        }

        // Nobody watches, and it learns.
        var atDeath = Metrics(jobFolder).Max(metric => metric.Step);
        SlurmWorker.GoOn(jobFolder);
        await UntilAsync(() => Metrics(jobFolder).Max(metric => metric.Step) > atDeath);
        SlurmWorker.Pause(jobFolder);
        await using var third = await ServerProcess.StartAsync(home, environment, port);
        using var again = Open(third, cookies);
        var number = SlurmRecord.Read(jobFolder)!.Number!.Value;
        Assert.Equal("running", (string?)(await ReadAsync(again, $"api/v1/finetune/jobs/{job}"))["state"]);

        // It is put back while it stands still, so that it cannot have ended before.
        await cluster.RunAsync("scontrol", "requeue", number.ToString(CultureInfo.InvariantCulture));
        SlurmWorker.GoOn(jobFolder);
        await UntilAsync(() => Starts(jobFolder).Count == 2);
        Assert.True(Starts(jobFolder)[1].ResumedFrom > 0);
        Assert.Single(await cluster.JobsAsync("beep-" + job));

        using (var cancelled = await again.PostAsync($"api/v1/finetune/jobs/{job}/cancel", null, Token))
        {
            Assert.True(cancelled.IsSuccessStatusCode);
        }

        var view = await EndAsync(again, job);
        Assert.Equal("cancelled", (string?)view["state"]);
        Assert.NotEmpty(jobFolder.ListCheckpoints());
        using (var resumed = await again.PostAsync($"api/v1/finetune/jobs/{job}/resume", null, Token))
        {
            Assert.True(resumed.IsSuccessStatusCode, await resumed.Content.ReadAsStringAsync(Token));
        }

        view = await EndAsync(again, job);
        Assert.True((string?)view["state"] == "succeeded", view.ToJsonString());
        Assert.Equal(("COMPLETED", Steps), ((string?)view["cluster"]!["state"], (int)view["step"]!));
        Assert.Equal(2, (await cluster.JobsAsync("beep-" + job)).Count);

        var events = EventReader.ReadFrom(jobFolder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => (int)happened.Seq));
        var losses = events.OfType<MetricEvent>().ToLookup(metric => metric.Step, metric => metric.Loss);
        Assert.Equal(Enumerable.Range(1, Steps), losses.Select(step => step.Key).Order());
        // What was done again gave the same.
        Assert.All(losses, step => Assert.Single(step.Distinct()));
        Assert.True(File.Exists(Path.Combine(jobFolder.Adapter, "adapter_model.safetensors")));
        Assert.False(File.Exists(folder.At("trapped")) || File.Exists(Path.Combine(jobFolder.Root, "trapped")));
        Assert.Equal(0, await third.StopAsync());
    }

    /// <summary>The commands of Slurm, of which sbatch says what came of it only when a file is gone.</summary>
    private static string SlowSubmission(TemporaryFolder folder)
    {
        foreach (var command in new[] { "sbatch", "squeue", "scancel", "scontrol", "sinfo", "sacct" })
        {
            var path = folder.Write($"bin/{command}", command != "sbatch"
                ? $"#!/bin/sh\nexec /usr/bin/{command} \"$@\"\n"
                : $"#!/bin/sh\nsaid=$(/usr/bin/sbatch \"$@\") || exit 1\ntouch '{folder.At("submitted")}'\nwhile [ -e '{folder.At("hold")}' ]; do sleep 0.1; done\necho \"$said\"\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        return folder.At("bin");
    }
}
