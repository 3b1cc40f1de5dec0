using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Backends;
using Beep.Host.Tasks;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Backends;

/// <summary>Jobs with workers that were registered: a real program, and a real image with every engine that can run one here.</summary>
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
        var id = await CancelAndResumeAsync(server);
        var seen = await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "environment.seen"), Token);
        Assert.Contains("OWN_SETTING_TO_PASS=passed on", seen);
        Assert.Contains("OWN_FIXED=a value", seen);
        Assert.DoesNotContain(seen, line => line.StartsWith("OWN_SETTING_TO_KEEP", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(BackendDefinition.Podman)]
    [InlineData(BackendDefinition.Docker)]
    [InlineData(BackendDefinition.Apptainer)]
    public async Task Run_Image_SeesItsJobAndNothingElse(string engine)
    {
        await using var image = await TestImage.MakeAsync(engine, _folder, Worker);
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        await RegisterAsync(server, Definition(image, "cat /proc/self/status >status.seen; cat /proc/net/dev >network.seen; ls / >root.seen 2>&1; "));
        var id = await CancelAndResumeAsync(server);
        var folder = server.Folder(id);
        var seen = await File.ReadAllLinesAsync(Path.Combine(folder.Root, "environment.seen"), Token);
        Assert.Contains("OWN_FIXED=a value", seen);
        Assert.DoesNotContain(seen, line => line.StartsWith("BEEP_", StringComparison.Ordinal) || line.StartsWith("DOTNET_", StringComparison.Ordinal));
        var status = (await File.ReadAllLinesAsync(Path.Combine(folder.Root, "status.seen"), Token)).Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1].Trim());
        Assert.All(["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"], set => Assert.Equal("0000000000000000", status[set]));
        Assert.Equal("1", status["NoNewPrivs"]);
        Assert.Equal(["lo"], (await File.ReadAllLinesAsync(Path.Combine(folder.Root, "network.seen"), Token)).Skip(2).Select(line => line.Split(':')[0].Trim()));
        Assert.Equal("", await image.ContainersAsync());
    }

    [Theory]
    [InlineData(BackendDefinition.Podman)]
    [InlineData(BackendDefinition.Docker)]
    [InlineData(BackendDefinition.Apptainer)]
    public async Task Run_ImageWhoseEngineIsKilled_LeavesNothingRunningAndIsTold(string engine)
    {
        await using var image = await TestImage.MakeAsync(engine, _folder, Worker);
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        await RegisterAsync(server, Definition(image, ""));
        var id = await StartAsync(server);
        var running = await server.UntilAsync(id, job => (int)job["step"]! >= 1);
        var task = (await server.Get<TaskReader>().FindAsync((string)running["task_id"]!, Token))!;
        var own = new ProcessGroup(ProcessIdentity.Parse(task.Process), task.Id).Members();
        var processes = ProcessesOf(id);
        // Apptainer takes another name.
        var engines = engine == BackendDefinition.Apptainer
            ? [.. own.Where(pid => WordsOf(pid) is [var name, ..] && name.StartsWith("Apptainer runtime parent", StringComparison.Ordinal))]
            : processes.Where(found => found.Program == engine).Select(found => found.Pid).ToList();
        Assert.NotEmpty(engines);
        Assert.Contains(processes, found => found.Program == "sh");
        foreach (var pid in engines)
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }

        var failed = await server.UntilStateAsync(id, "failed");
        Assert.NotNull(failed["error"]);
        Assert.Equal("", await image.ContainersAsync());
        for (var waited = Stopwatch.StartNew(); ProcessesOf(id).Count > 0;)
        {
            Assert.True(waited.Elapsed < RunningServer.Patience, string.Join('\n', ProcessesOf(id)));
            await Task.Delay(100, Token);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static string Worker => RepositoryFiles.At("contracts", "examples", "smallest-worker.sh");

    private static JsonObject Definition(TestImage image, string before)
    {
        var definition = new JsonObject
        {
            ["engine"] = image.Engine,
            ["program"] = image.Program,
            ["image"] = image.Image,
            ["arguments"] = new JsonArray("/bin/sh", "-c", $"cd \"$0\"; {before}exec /bin/sh /worker.sh train \"$0\"", "{job}"),
            ["environment"] = new JsonObject { ["OWN_FIXED"] = "a value" },
        };
        if (image.Engine != BackendDefinition.Apptainer)
        {
            // It needs cgroups of the second kind for these.
            (definition["memory_mib"], definition["cpus"]) = (256, 1);
        }

        return definition;
    }

    /// <summary>What runs of a job, its engine and what is in its container, by the programs' names.</summary>
    private static List<(int Pid, string Program)> ProcessesOf(string job) =>
        [.. ProcessTable.ReadAll().Where(entry => !entry.IsEnded).Select(entry => (entry.Pid, Words: WordsOf(entry.Pid))).Where(found => found.Words.Any(word => word.Contains(job, StringComparison.Ordinal))).Select(found => (found.Pid, Path.GetFileName(found.Words[0])))];

    private static string[] WordsOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static async Task RegisterAsync(JobServer server, JsonObject definition)
    {
        using var made = await server.Admin.PutAsJsonAsync("/api/v1/finetune/backends/own", new JsonObject { ["definition"] = definition }, Token);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Token));
    }

    private static async Task<string> StartAsync(JobServer server)
    {
        var wanted = server.Wanted(JobServer.Endless, ("backend", "custom"));
        wanted["placement"] = new JsonObject { ["custom_backend"] = "own" };
        return (string)(await server.CreateAsync(wanted))["id"]!;
    }

    private static async Task<string> CancelAndResumeAsync(JobServer server)
    {
        var id = await StartAsync(server);
        await server.UntilAsync(id, job => (int)job["step"]! >= 2);
        using (var cancel = await server.PostAsync(id, "cancel"))
        {
            Assert.Equal(HttpStatusCode.Accepted, cancel.StatusCode);
        }

        await server.UntilStateAsync(id, "cancelled");
        var saved = Assert.Single(server.Folder(id).ListCheckpoints()).Step;
        JobSteps.Set(server.Folder(id), saved + 20);
        using (var resume = await server.PostAsync(id, "resume"))
        {
            Assert.Equal(HttpStatusCode.Accepted, resume.StatusCode);
        }

        var done = await server.UntilStateAsync(id, "succeeded", "failed");
        Assert.True((string)done["state"]! == "succeeded", done.ToString());
        Assert.Equal(("custom", "own", "adapter"), ((string)done["backend"]!, (string)done["placement"]!["custom_backend"]!, (string)done["artifacts"]!.AsArray().Single()!["name"]!));
        var events = EventReader.ReadFrom(server.Folder(id).Events).Select(line => line.Event!).ToList();
        Assert.Equal(saved, events.OfType<StartedEvent>().Last().ResumedFrom);
        Assert.Equal(Enumerable.Range(1, saved + 20), events.OfType<MetricEvent>().Select(metric => (int)metric.Step));
        return id;
    }
}
