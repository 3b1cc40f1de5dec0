using System.Net;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Tests;
using static Beep.EndToEnd.Tests.Support.ServedJobs;

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
            using var client = Client(first, cookies);
            await SignInAsync(client, environment);
            var job = await StartAsync(client, new JsonObject { ["train.max_steps"] = Steps, ["train.save_steps"] = 10 });
            var folder = new JobFolder(new HostPaths(home.Path).Job(job));
            await UntilAsync(() => Metrics(folder).Any());
            var worker = WorkerOf(folder);
            await first.KillAsync();
            var atDeath = Metrics(folder).Max(metric => metric.Step);

            // Nobody watches, and it learns.
            await UntilAsync(() => Metrics(folder).Max(metric => metric.Step) > atDeath);
            Assert.True(worker.IsAlive());
            await using var second = await ServerProcess.StartAsync(home.Path, environment, first.Address.Port);
            using var again = Client(second, cookies);
            JsonNode view = new JsonObject();
            await UntilAsync(async () => (string?)(view = await ReadAsync(again, $"api/v1/finetune/jobs/{job}"))["state"] is "succeeded" or "failed" or "cancelled");
            Assert.Equal(("succeeded", Steps), ((string?)view["state"], (int)view["step"]!));
            Assert.False(worker.IsAlive());

            var inFolder = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
            Assert.Equal(Enumerable.Range(1, inFolder.Count), inFolder.Select(happened => (int)happened.Seq));
            Assert.Null(Assert.Single(inFolder.OfType<StartedEvent>()).ResumedFrom);
            var told = await EventsAsync(again, job);
            Assert.Equal(told.Order(), told);
            Assert.Equal(told.Count, told.Distinct().Count());
            Assert.True(told.Count >= inFolder.Count, $"{told.Count} events are told of {inFolder.Count}.");
            Assert.Equal(0, await second.StopAsync());
        }
    }

    private static async Task<List<long>> EventsAsync(HttpClient client, string job)
    {
        List<long> numbers = [];
        for (string? cursor = null; ;)
        {
            var page = await ReadAsync(client, $"api/v1/finetune/jobs/{job}/events?size=100{(cursor is null ? "" : $"&cursor={cursor}")}");
            numbers.AddRange(page["items"]!.AsArray().Select(happened => (long)happened!["seq"]!));
            if (page["items"]!.AsArray().Count == 0 || (string?)page["next"] is not { } next || next == cursor)
            {
                return numbers;
            }

            cursor = next;
        }
    }

    private static ProcessIdentity WorkerOf(JobFolder folder)
    {
        var entry = ProcessTable.ReadAll().Single(process => !process.IsEnded && CommandLineOf(process.Pid) is { } line && line.Contains(folder.Root, StringComparison.Ordinal) && line.Contains("train", StringComparison.Ordinal));
        return ProcessIdentity.Of(entry.Pid)!;
    }

    private static string? CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
