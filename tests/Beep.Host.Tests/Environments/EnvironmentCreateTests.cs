using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Environments;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Environments;

public sealed class EnvironmentCreateTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Create_OfAWheelhouse_IsLockedVerifiedShownAndRemovedWhole(string kind)
    {
        await using var server = await EnvironmentServer.StartAsync(postgres, kind);
        var made = await server.CreateAsync("lab-1");
        Assert.Equal(("ready", "created", "transformers-cpu"), ((string?)made["state"], (string?)made["origin"], (string?)made["preset"]));
        Assert.Equal((null, "bitsandbytes is not installed"), ((string?)made["report"]!["methods"]!["lora"], (string?)made["report"]!["methods"]!["qlora"]));
        Assert.Equal("1.0", (string?)made["report"]!["libraries"]!["toy-model"]);
        Assert.StartsWith("pip ", (string?)made["installer"], StringComparison.Ordinal);
        Assert.True((long)made["bytes"]! > 1_000_000);
        Assert.NotNull(made["verified_at"]);

        var locked = (string)(await server.GetAsync("/lab-1/lock")).Body!;
        foreach (var wheel in (string[])["toy_model-1.0", "toy_tools-2.1"])
        {
            Assert.Contains($"--hash=sha256:{TestWheels.Sha256(Path.Combine(server.Wheelhouse, $"{wheel}-py3-none-any.whl"))}", locked, StringComparison.Ordinal);
        }

        Assert.Equal(["lab-1"], server.Entries());
        Assert.False(PrivateFiles.IsOpenToOthers(server.FolderOf("lab-1")));
        Assert.False(Directory.Exists(Path.Combine(server.FolderOf("lab-1"), "scratch")));
        Assert.Equal("toy-model 1.0", await OutputOf(Path.Combine(Path.GetDirectoryName(server.PythonOf("lab-1"))!, "toy-run")));
        var packages = (await server.GetAsync("/lab-1/packages?search=toy&limit=1")).Body!;
        Assert.Equal("toy-model", (string?)packages["items"]!.AsArray().Single()!["name"]);
        packages = (await server.GetAsync($"/lab-1/packages?search=toy&limit=1&cursor={packages["next"]}")).Body!;
        Assert.Equal(("toy-tools", "2.1"), ((string?)packages["items"]![0]!["name"], (string?)packages["items"]![0]!["version"]));
        Assert.Null(packages["next"]);

        var task = await server.TaskAsync((string)made["task_id"]!);
        Assert.Equal("completed", (string?)task["status"]);
        Assert.Equal(["Environment", "Resolve", "Install", "Check", "Train"], task["steps"]!.AsArray().Select(step => (string?)step!["name"]));

        var directory = server.Server.Services.GetRequiredService<EnvironmentDirectory>();
        var ready = Assert.Single(await directory.ListReadyAsync(Stop));
        Assert.Equal(("lab-1", server.PythonOf("lab-1"), EnvironmentState.Ready), (ready.Name, ready.PythonPath, ready.State));
        Assert.Equal("A processor", Assert.Single(ready.Devices).Name);

        Assert.Equal(409, (await server.PostAsync("", new { name = "lab-1", preset = "transformers-cpu", wheelhouse = server.Wheelhouse })).Status);
        Assert.Equal(202, (await server.DeleteAsync("lab-1")).Status);
        Assert.Equal(409, await server.GoneAsync("lab-1"));
        Assert.Equal(404, (await server.GetAsync("/lab-2")).Status);
        Assert.Empty(server.Entries());
        await using var context = server.Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        Assert.Equal(
            ["environment_added", "environment_completed", "environment_removal_started", "environment_removed"],
            await context.Set<AuditRow>().Where(row => row.ResourceType == "environment").OrderBy(row => row.Seq).Select(row => row.Action).ToListAsync(Stop));
    }

    [Fact]
    public async Task Create_LockOfOtherHashes_IsRefusedAndLeavesNothing()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        var other = new string('a', 64);
        var made = await server.CreateAsync("lab", new JsonObject { ["lock"] = $"toy-model==1.0 --hash=sha256:{other}\ntoy-tools==2.1 \\\n    --hash=sha256:{other}\n" });
        Assert.Equal("failed", (string?)made["state"]);
        Assert.StartsWith("The packages could not be installed: THESE PACKAGES DO NOT MATCH THE HASHES", (string?)made["message"], StringComparison.Ordinal);
        Assert.Empty(server.Entries());

        // The name is free again, and a lock that fits is demanded hash by hash.
        var right = TestWheels.Sha256(Path.Combine(server.Wheelhouse, "toy_model-1.0-py3-none-any.whl"));
        var old = TestWheels.Sha256(Path.Combine(server.Wheelhouse, "toy_tools-1.9-py3-none-any.whl"));
        made = await server.CreateAsync("lab", new JsonObject { ["lock"] = $"toy_model==1.0 --hash=sha256:{right}\nToy.Tools==1.9 --hash=sha256:{old}\n" });
        Assert.Equal("failed", (string?)made["state"]);
        Assert.StartsWith("The packages do not fit together: toy-model 1.0 has requirement toy-tools>=2", (string?)made["message"], StringComparison.Ordinal);
        var tools = TestWheels.Sha256(Path.Combine(server.Wheelhouse, "toy_tools-2.1-py3-none-any.whl"));
        made = await server.CreateAsync("lab", new JsonObject { ["lock"] = $"toy_model==1.0 --hash=sha256:{right}\nToy.Tools==2.1 --hash=sha256:{tools}\n" });
        Assert.Equal(("ready", null), ((string?)made["state"], (string?)made["message"]));
        Assert.Equal(["lab"], server.Entries());
    }

    [Fact]
    public async Task Create_MissingWheel_SaysWhichOne()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        server.Require("toy-model==1.0\ntoy-lost==3.2\n");
        var made = await server.CreateAsync("lab");
        Assert.Equal("failed", (string?)made["state"]);
        Assert.Equal("The requirements cannot be met: No matching distribution found for toy-lost==3.2. Put a wheel of it, made for this Python and system, into the folder or the index.", (string?)made["message"]);
        Assert.Empty(server.Entries());
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Paths.TaskFolders));
    }

    [Theory]
    [InlineData("../../../outside.txt")]
    [InlineData("/tmp/beep-outside.txt")]
    public async Task Create_WheelThatLeadsOut_IsRefusedAndWritesNothingElsewhere(string path)
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        TestWheels.Write(server.Wheelhouse, "toy-model", "1.0", more: new() { [path] = "out" });
        var before = Directory.GetFiles(Path.GetDirectoryName(server.Wheelhouse)!).Length;
        var made = await server.CreateAsync("lab");
        Assert.Equal("failed", (string?)made["state"]);
        Assert.Contains("outside", (string?)made["message"], StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(Path.GetDirectoryName(server.Wheelhouse)!).Length);
        Assert.False(File.Exists("/tmp/beep-outside.txt"));
        Assert.Empty(server.Entries());
        Assert.Empty(Directory.EnumerateFiles(server.Paths.Home, "outside.txt", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("no-check", "The worker cannot run in it: the interpreter said: ImportError: libcudart.so.12 <script>. The log of the task says more; install what is missing.")]
    [InlineData("no-train", "Two steps of training ended with 3: step 2 of 2. The log of the task says more.")]
    [InlineData("noise", "The worker cannot run in it: the interpreter printed far too much. The log of the task says more; install what is missing.")]
    [InlineData("words", "The worker's check did not answer with what it found. Verify again; where that does not help, unpack the product again, whole.")]
    public async Task Create_WorkerThatDoesNotRun_LeavesNothingAndSaysWhy(string how, string message)
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        server.Behave(how);
        var made = await server.CreateAsync("lab");
        Assert.Equal(("failed", message), ((string?)made["state"], (string?)made["message"]));
        Assert.Empty(server.Entries());
    }

    [Fact]
    public async Task Create_CancelledMidway_LeavesNothingAndNobody()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        server.Behave("slow");
        await server.PostAsync("", new { name = "lab", preset = "transformers-cpu", wheelhouse = server.Wheelhouse });
        var running = await server.UntilAsync("lab", environment => (string?)environment["message"] == "training");
        var task = (string)running["task_id"]!;
        Assert.NotEmpty(new ProcessGroup(null, task).Members());
        Assert.Equal(409, (await server.PostAsync("/lab/verify")).Status);
        Assert.Equal(409, (await server.DeleteAsync("lab")).Status);
        using var answer = await server.Client.PostAsync(new Uri($"/api/v1/tasks/{task}/cancel", UriKind.Relative), null, Stop);
        Assert.True(answer.IsSuccessStatusCode);
        var ended = await server.EndAsync("lab");
        Assert.Equal(("failed", "It was stopped before it was whole."), ((string?)ended["state"], (string?)ended["message"]));
        Assert.Empty(server.Entries());
        Assert.Empty(new ProcessGroup(null, task).Members());
        server.Behave("ok");
        Assert.Equal("ready", (string?)(await server.CreateAsync("lab"))["state"]);
    }

    [Fact]
    public async Task Create_HostileName_IsRefused()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        foreach (var name in (string[])["../x", "..", "a..b", "con", "nul.txt", "a b", "Lab", "-rf", ".incoming", "lab.", "/etc", "läb", "lab\u202e", "lab\n", "lab\0", "", new string('a', 300)])
        {
            await AssertRefusedAsync(name, 422, "bad_environment_name");
        }

        foreach (var name in (string[])["base", "system", "runtimes", "new"])
        {
            await AssertRefusedAsync(name, 409, "protected_name");
        }

        Assert.Empty(server.Entries());

        async Task AssertRefusedAsync(string name, int status, string code)
        {
            var answer = await server.PostAsync("", new { name, preset = "transformers-cpu", wheelhouse = server.Wheelhouse });
            Assert.Equal((name, status, code), (name, answer.Status, (string?)answer.Body!["code"]));
            answer = await server.PostAsync("/register", new { name, python = server.Python });
            Assert.Equal((name, status, code), (name, answer.Status, (string?)answer.Body!["code"]));
        }
    }

    [Fact]
    public async Task Create_FolderThatIsALink_IsNotWrittenThrough()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        var outside = Path.Combine(server.Wheelhouse, "..", "elsewhere");
        Directory.CreateDirectory(outside);
        Directory.CreateDirectory(server.Paths.Environments);
        Directory.CreateSymbolicLink(Path.Combine(server.Paths.Environments, ".incoming"), outside);
        var made = await server.CreateAsync("lab");
        Assert.Equal("failed", (string?)made["state"]);
        Assert.Contains("is a link", (string?)made["message"], StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        Directory.CreateSymbolicLink(server.FolderOf("other"), outside);
        Assert.Equal("folder_exists", (string?)(await server.PostAsync("", new { name = "other", preset = "transformers-cpu", wheelhouse = server.Wheelhouse })).Body!["code"]);
    }

    private static async Task<string> OutputOf(string program)
    {
        using var process = Process.Start(new ProcessStartInfo(program) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);
        return output.Trim();
    }
}
