using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Backends;

/// <summary>Jobs with workers that were registered: a real program, and a real image where Podman can run one.</summary>
public sealed class CustomWorkersTests(PostgresServer postgres) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_RegisteredProgram_TrainsIsCancelledAndResumedInTheNamedEnvironment()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        Environment.SetEnvironmentVariable("OWN_SETTING_TO_PASS", "passed on");
        Environment.SetEnvironmentVariable("OWN_SETTING_TO_KEEP", "kept back");
        await RegisterAsync(server, new JsonObject
        {
            ["program"] = Worker,
            ["environment"] = new JsonObject { ["OWN_FIXED"] = "a value" },
            ["pass_environment"] = new JsonArray("OWN_SETTING_TO_PASS"),
        });
        var id = await CancelAndResumeAsync(server, steps: 200);
        var seen = await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "environment.seen"), Token);
        Assert.Contains("OWN_SETTING_TO_PASS=passed on", seen);
        Assert.Contains("OWN_FIXED=a value", seen);
        Assert.DoesNotContain(seen, line => line.StartsWith("OWN_SETTING_TO_KEEP", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_Image_SeesItsJobAndNothingElse()
    {
        var podman = await PodmanImage.MakeAsync(_folder, Worker);
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        await RegisterAsync(server, new JsonObject
        {
            ["engine"] = "podman",
            ["program"] = podman.Program,
            ["image"] = podman.Image,
            ["arguments"] = new JsonArray("/bin/sh", "/worker.sh", "train", "{job}"),
            ["environment"] = new JsonObject { ["OWN_FIXED"] = "a value" },
        });
        var id = await CancelAndResumeAsync(server, steps: 300);
        var folder = server.Folder(id);
        var seen = await File.ReadAllLinesAsync(Path.Combine(folder.Root, "environment.seen"), Token);
        Assert.Contains("OWN_FIXED=a value", seen);
        Assert.DoesNotContain(seen, line => line.StartsWith("BEEP_", StringComparison.Ordinal) || line.StartsWith("DOTNET_", StringComparison.Ordinal));
        Assert.Equal("", await podman.RunAsync("ps", "--all", "--quiet"));
    }

    [Fact]
    public async Task Run_ImageWhoseEngineIsKilled_LeavesNoContainerAndIsTold()
    {
        var podman = await PodmanImage.MakeAsync(_folder, Worker);
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        await RegisterAsync(server, new JsonObject { ["engine"] = "podman", ["program"] = podman.Program, ["image"] = podman.Image, ["arguments"] = new JsonArray("/bin/sh", "/worker.sh", "train", "{job}") });
        var id = await StartAsync(server, 5000);
        await server.UntilAsync(id, job => (int)job["step"]! >= 1);
        var engine = ProcessTable.ReadAll().Where(entry => IsEngineOf(entry.Pid, id)).Select(entry => entry.Pid).ToList();
        Assert.NotEmpty(engine);
        foreach (var pid in engine)
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }

        var failed = await server.UntilStateAsync(id, "failed");
        Assert.NotNull(failed["error"]);
        Assert.Equal("", await podman.RunAsync("ps", "--all", "--quiet"));
    }

    public void Dispose() => _folder.Dispose();

    private static string Worker => RepositoryFiles.At("contracts", "examples", "smallest-worker.sh");

    private static bool IsEngineOf(int pid, string job)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
            return words.Contains("run") && words.Contains($"beep-{job}") && Path.GetFileName(words[0]) == "podman";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static async Task RegisterAsync(JobServer server, JsonObject definition)
    {
        using var made = await server.Admin.PutAsJsonAsync("/api/v1/finetune/backends/own", new JsonObject { ["definition"] = definition }, Token);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Token));
    }

    private static async Task<string> StartAsync(JobServer server, int steps)
    {
        var wanted = server.Wanted(steps, ("backend", "custom"));
        wanted["placement"] = new JsonObject { ["custom_backend"] = "own" };
        return (string)(await server.CreateAsync(wanted))["id"]!;
    }

    private static async Task<string> CancelAndResumeAsync(JobServer server, int steps)
    {
        var id = await StartAsync(server, steps);
        await server.UntilAsync(id, job => (int)job["step"]! >= 2);
        using (var cancel = await server.PostAsync(id, "cancel"))
        {
            Assert.Equal(HttpStatusCode.Accepted, cancel.StatusCode);
        }

        await server.UntilStateAsync(id, "cancelled");
        var saved = Assert.Single(server.Folder(id).ListCheckpoints()).Step;
        using (var resume = await server.PostAsync(id, "resume"))
        {
            Assert.Equal(HttpStatusCode.Accepted, resume.StatusCode);
        }

        var done = await server.UntilStateAsync(id, "succeeded", "failed");
        Assert.True((string)done["state"]! == "succeeded", done.ToString());
        Assert.Equal(("custom", "own", "adapter"), ((string)done["backend"]!, (string)done["placement"]!["custom_backend"]!, (string)done["artifacts"]!.AsArray().Single()!["name"]!));
        var events = EventReader.ReadFrom(server.Folder(id).Events).Select(line => line.Event!).ToList();
        Assert.Equal(saved, events.OfType<StartedEvent>().Last().ResumedFrom);
        Assert.Equal(Enumerable.Range(1, steps), events.OfType<MetricEvent>().Select(metric => (int)metric.Step));
        return id;
    }
}
