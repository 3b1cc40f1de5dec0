using System.Net;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Tests;

namespace Beep.EndToEnd.Tests;

/// <summary>A job whose server is killed: the trainer goes on, and the next server tells everything once and in order.</summary>
public sealed class JobSurvivalTests
{
    private const int Steps = 40;

    [Fact]
    public async Task Job_WhoseServerIsKilled_GoesOnAndIsToldWholeByTheNextOne()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals.");
        using var home = new TemporaryFolder();
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path, ["ENABLE_FINETUNE"] = "true" };
        Assert.Equal(0, (await BeepProgram.RunWithAsync(environment, "admin", "create", "--username", "ada", "--json")).ExitCode);
        var first = await ServerProcess.StartAsync(home.Path, environment);
        var cookies = new CookieContainer();
        await using (first)
        {
            using var client = JobClient.Open(first, cookies);
            await JobClient.SignInAsync(client, environment);
            var (dataset, models) = (await JobClient.UploadAsync(client, 400), await JobClient.ReadAsync(client, "api/v1/models"));
            var made = await JobClient.PostAsync(client, "api/v1/finetune/jobs", new JsonObject
            {
                ["model"] = (string)models["items"]![0]!["id"]!,
                ["dataset"] = dataset,
                ["preset"] = "lora-small",
                ["overrides"] = new JsonObject { ["train.max_steps"] = Steps, ["train.save_steps"] = 10 },
            });
            var job = (string)made["id"]!;
            var folder = new JobFolder(new HostPaths(home.Path).Job(job));
            await JobClient.UntilAsync(() => JobClient.Metrics(folder).Any());
            var worker = JobClient.WorkerOf(folder);
            BeepProgram.Signal(worker.Pid, BeepProgram.Pause);
            await first.KillAsync();
            var atDeath = JobClient.Metrics(folder).Max(metric => metric.Step);
            BeepProgram.Signal(worker.Pid, BeepProgram.GoOn);

            // Nobody watches, and it learns.
            await JobClient.UntilAsync(() => JobClient.Metrics(folder).Max(metric => metric.Step) > atDeath);
            BeepProgram.Signal(worker.Pid, BeepProgram.Pause);
            Assert.True(worker.IsAlive());
            await using var second = await ServerProcess.StartAsync(home.Path, environment, first.Address.Port);
            BeepProgram.Signal(worker.Pid, BeepProgram.GoOn);
            using var again = JobClient.Open(second, cookies);
            JsonNode view = new JsonObject();
            await JobClient.UntilAsync(async () => (string?)(view = await JobClient.ReadAsync(again, $"api/v1/finetune/jobs/{job}"))["state"] is "succeeded" or "failed" or "cancelled");
            Assert.Equal(("succeeded", Steps), ((string?)view["state"], (int)view["step"]!));
            Assert.False(worker.IsAlive());

            var inFolder = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
            Assert.Equal(Enumerable.Range(1, inFolder.Count), inFolder.Select(happened => (int)happened.Seq));
            Assert.Null(Assert.Single(inFolder.OfType<StartedEvent>()).ResumedFrom);
            var told = await JobClient.EventsAsync(again, job);
            Assert.Equal(told.Order(), told);
            Assert.Equal(told.Count, told.Distinct().Count());
            Assert.True(told.Count >= inFolder.Count, $"{told.Count} events are told of {inFolder.Count}.");
            Assert.Equal(0, await second.StopAsync());
        }
    }
}
