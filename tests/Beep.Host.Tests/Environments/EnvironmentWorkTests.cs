using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Environments;
using Beep.Host.Environments.Api;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting.Access;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Tests.Environments;

/// <summary>What is done with environments that are there.</summary>
public sealed class EnvironmentWorkTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Register_SomebodyElsesPython_IsUsedAndNeverTouched(string kind)
    {
        await using var server = await EnvironmentServer.StartAsync(postgres, kind);
        server.Behave("no-train");
        Assert.Equal(202, (await server.PostAsync("/register", new { name = "cluster", python = server.Python })).Status);
        var environment = await server.EndAsync("cluster");
        Assert.Equal(("broken", "registered", "Two steps of training ended with 3: step 2 of 2. The log of the task says more."), ((string?)environment["state"], (string?)environment["origin"], (string?)environment["message"]));
        Assert.Empty(await server.Server.Services.GetRequiredService<EnvironmentDirectory>().ListReadyAsync(Stop));

        server.Behave("ok");
        Assert.Equal(202, (await server.PostAsync("/cluster/verify")).Status);
        environment = await server.EndAsync("cluster");
        Assert.Equal(("ready", null, server.Python), ((string?)environment["state"], (string?)environment["message"], (string?)environment["python_path"]));
        Assert.Equal("not_ours", (string?)(await server.PostAsync("/cluster/repair")).Body!["code"]);
        Assert.Equal("no_lock", (string?)(await server.GetAsync("/cluster/lock")).Body!["code"]);
        Assert.Equal(200, (await server.GetAsync("/cluster/packages")).Status);
        Assert.Equal(202, (await server.DeleteAsync("cluster")).Status);
        Assert.Equal(409, await server.GoneAsync("cluster"));
        Assert.True(File.Exists(server.Python));
        Assert.Empty(server.Entries());
    }

    [Fact]
    public async Task Register_HostileInterpreter_IsRefusedInTime()
    {
        using var folder = new TemporaryFolder();
        var time = new HeldTime();
        await using var server = await EnvironmentServer.StartAsync(postgres, configure: services => services.AddSingleton(provider =>
            new RuntimeFinder(provider.GetRequiredService<RuntimePlaces>(), time) { Patience = HeldTime.Span }));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The programs are scripts of a shell.");
        // Those of the machine are asked once; what was found holds for a while by the clock, which stands.
        Assert.Equal(200, (await server.GetAsync("/runtimes")).Status);
        var asked = time.Count.Begun;
        var late = AssertRefusedAsync("sleep 600 & sleep 600", "did not answer in time.");
        await time.EndAsync(asked + 1, running: 1);
        await late;
        await AssertRefusedAsync("while true; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "printed far too much.");
        await AssertRefusedAsync("echo hello", "does not answer as Python does.");
        await AssertRefusedAsync("echo '{\"version\":5}'", "does not answer as Python does.");
        await AssertRefusedAsync("echo broken >&2; exit 3", "said: broken.");
        var text = Path.Combine(folder.Path, "text");
        await File.WriteAllTextAsync(text, "no program", Stop);
        Assert.Equal("not_python", (string?)(await server.PostAsync("/register", new { name = "x", python = text })).Body!["code"]);
        Assert.Equal("not_python", (string?)(await server.PostAsync("/register", new { name = "x", python = Path.Combine(folder.Path, "none") })).Body!["code"]);
        Assert.Equal("unknown_runtime", (string?)(await server.PostAsync("/register", new { name = "x", python = "python3; rm -rf /" })).Body!["code"]);
        Assert.Equal("bad_json", (string?)(await server.PostAsync("/register", new { name = "x", python = server.Python, state = "ready" })).Body!["code"]);

        async Task AssertRefusedAsync(string script, string end)
        {
            var path = ProgramFile.Write(Path.Combine(folder.Path, "python3"), $"#!/bin/sh\n{script}\n");
            var (status, body) = await server.PostAsync("/register", new { name = "x", python = path });
            Assert.Equal((422, "not_python"), (status, (string?)body!["code"]));
            Assert.EndsWith(end, (string?)body["detail"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Repair_DamageOfEveryKind_IsMendedFromTheLock()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        await server.CreateAsync("lab");
        var site = Directory.GetDirectories(Path.Combine(server.FolderOf("lab"), "venv", "lib"), "site-packages", SearchOption.AllDirectories).Single();
        await File.WriteAllTextAsync(Path.Combine(site, "toy_model", "__init__.py"), "changed", Stop);
        Directory.Delete(Path.Combine(site, "toy_tools"), recursive: true);
        Directory.CreateDirectory(Path.Combine(site, "stray"));
        Directory.CreateDirectory(Path.Combine(site, "stray-9.dist-info"));
        await File.WriteAllTextAsync(Path.Combine(site, "stray-9.dist-info", "METADATA"), "Metadata-Version: 2.1\nName: stray\nVersion: 9\n", Stop);
        await File.WriteAllTextAsync(Path.Combine(site, "stray-9.dist-info", "RECORD"), "stray-9.dist-info/METADATA,,\nstray-9.dist-info/RECORD,,\n", Stop);
        Assert.Equal(202, (await server.PostAsync("/lab/repair")).Status);
        var mended = await server.EndAsync("lab");
        Assert.Equal(("ready", null), ((string?)mended["state"], (string?)mended["message"]));
        var steps = (await server.TaskAsync((string)mended["task_id"]!))["steps"]!.AsArray();
        Assert.Equal("2 packages to install anew, 1 package too many", (string?)steps[0]!["message"]);
        Assert.Contains("__version__ = '1.0'", await File.ReadAllTextAsync(Path.Combine(site, "toy_model", "__init__.py"), Stop), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(site, "stray-9.dist-info")));

        // Nothing to do, and then an interpreter that is gone.
        await server.PostAsync("/lab/repair");
        steps = (await server.TaskAsync((string)(await server.EndAsync("lab"))["task_id"]!))["steps"]!.AsArray();
        Assert.Equal(["Compare", "Check", "Train"], steps.Select(step => (string?)step!["name"]));
        File.Delete(server.PythonOf("lab"));
        await server.PostAsync("/lab/verify");
        Assert.Equal("broken", (string?)(await server.EndAsync("lab"))["state"]);
        await server.PostAsync("/lab/repair");
        mended = await server.EndAsync("lab");
        Assert.Equal(("ready", null), ((string?)mended["state"], (string?)mended["message"]));
        Assert.Equal(["lab"], server.Entries());

        // A lock that somebody changed is none.
        await File.AppendAllTextAsync(Path.Combine(server.FolderOf("lab"), "lock.txt"), $"evil==1 --hash=sha256:{new string('a', 64)}\n", Stop);
        await server.PostAsync("/lab/repair");
        mended = await server.EndAsync("lab");
        Assert.Equal("broken", (string?)mended["state"]);
        Assert.StartsWith("The lock of the environment 'lab' is no longer the one that it was made of.", (string?)mended["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Environment_InUse_IsNeitherRepairedNorRemoved()
    {
        var use = new Use();
        await using var server = await EnvironmentServer.StartAsync(postgres, configure: services => services.AddSingleton<IEnvironmentUse>(use));
        await server.CreateAsync("lab");
        use.What = "the job 'Answers' is running in it";
        foreach (var (status, body) in new[] { await server.DeleteAsync("lab"), await server.PostAsync("/lab/repair") })
        {
            Assert.Equal((409, "environment_in_use", "The environment 'lab' cannot be changed now: the job 'Answers' is running in it."), (status, (string?)body!["code"], (string?)body["detail"]));
        }

        Assert.Equal(202, (await server.PostAsync("/lab/verify")).Status);
        Assert.Equal("ready", (string?)(await server.EndAsync("lab"))["state"]);
        use.What = null;
        await server.DeleteAsync("lab");
        Assert.Equal(409, await server.GoneAsync("lab"));
    }

    [Fact]
    public async Task Remove_FoldersThatCannotBeEmptiedAndLinks_LeavesNothingAndFollowsNone()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        await server.CreateAsync("lab");
        var outside = Path.Combine(server.Wheelhouse, "..", "precious");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "file"), "precious", Stop);
        Directory.CreateSymbolicLink(Path.Combine(server.FolderOf("lab"), "out"), outside);
        var locked = Directory.CreateDirectory(Path.Combine(server.FolderOf("lab"), "locked", "inner"));
        if (!OperatingSystem.IsWindows())
        {
            locked.Parent!.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        }

        await server.DeleteAsync("lab");
        Assert.Equal(409, await server.GoneAsync("lab"));
        Assert.True(File.Exists(Path.Combine(outside, "file")));
        Assert.Empty(server.Entries());
    }

    [Fact]
    public async Task Callers_WithoutRights_SeeNoPathsAndChooseNoSources()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        await server.CreateAsync("lab");
        using var viewer = await server.Server.CreateAdminClientAsync("llm:view");
        var seen = (await server.GetAsync("/lab", viewer)).Body!;
        Assert.Equal(("ready", null, null, null), ((string?)seen["state"], (string?)seen["python_path"], (string?)seen["base_python"], (string?)seen["source"]));
        Assert.Equal(403, (await server.GetAsync("/runtimes", viewer)).Status);
        Assert.Equal(403, (await server.PostAsync("/lab/verify", client: viewer)).Status);
        Assert.Equal(403, (await server.PostAsync("", new { name = "x", preset = "transformers-cpu" }, viewer)).Status);

        using var manager = await server.Server.CreateAdminClientAsync("llm:view", "llm:manage_env");
        Assert.Equal(200, (await server.GetAsync("/runtimes", manager)).Status);
        await AssertAsync(403, "folder_not_allowed", new { name = "x", preset = "transformers-cpu", wheelhouse = server.Wheelhouse });
        await AssertAsync(403, "forbidden", new { name = "x", preset = "transformers-cpu", index = "https://pypi.example.org/simple" });
        await AssertAsync(403, "forbidden", new { name = "x", preset = "transformers-cpu", extra_index = "https://pypi.example.org/simple" });
        await AssertAsync(403, "forbidden", new { name = "x", preset = "transformers-cpu", runtime = "/opt/other/python3" });
        await AssertAsync(422, "unknown_preset", new { name = "x", preset = "../cpu" });
        var allowed = Path.Combine(server.Paths.Home, "wheelhouses", "cpu");
        Directory.CreateDirectory(allowed);
        foreach (var wheel in Directory.EnumerateFiles(server.Wheelhouse))
        {
            File.Copy(wheel, Path.Combine(allowed, Path.GetFileName(wheel)));
        }

        await AssertAsync(202, null, new { name = "x", preset = "transformers-cpu", wheelhouse = allowed });
        Assert.Equal("ready", (string?)(await server.EndAsync("x"))["state"]);

        async Task AssertAsync(int status, string? code, object request)
        {
            var answer = await server.PostAsync("", request, manager);
            Assert.Equal((status, code), (answer.Status, (string?)answer.Body!["code"]));
        }
    }

    [Fact]
    public async Task Create_BegunAgainAfterItsHostWasLost_ComesToTheSame()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        var services = server.Server.Services;
        var folders = services.GetRequiredService<EnvironmentFolders>();
        var caller = new EnvironmentCaller(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimNames.Permission, Permissions.SystemAdmin)])), AuditActors.CommandLine, null, IsTask: false);
        var row = await services.GetRequiredService<EnvironmentService>().CreateAsync(new CreateEnvironmentRequest { Name = "lab", Preset = "transformers-cpu", Wheelhouse = server.Wheelhouse }, caller, Stop);

        // Half made, as a killed host leaves it.
        var half = folders.CreateIncoming(row.Id);
        Directory.CreateDirectory(Path.Combine(half.Path, "venv", "lib"));
        await File.WriteAllTextAsync(half.Mark, row.Id, Stop);
        await services.GetServices<IHostedService>().OfType<EnvironmentSweeper>().Single().StartAsync(Stop);
        Assert.True(Directory.Exists(half.Path));
        var run = new TestRun(server.Paths);
        await using (run)
        {
            var made = await services.GetRequiredService<EnvironmentBuilder>().CreateAsync(row.Id, run, AuditActors.System, Stop);
            Assert.Equal(EnvironmentState.Ready, made.State);

            // Whole and not stored: its host ended between the rename and the row.
            await using (var context = services.GetRequiredService<HostDatabase>().CreateContext())
            {
                await context.Set<EnvironmentRow>().ExecuteUpdateAsync(rows => rows.SetProperty(each => each.State, EnvironmentState.Preparing).SetProperty(each => each.LockSha256, (string?)null), Stop);
            }

            made = await services.GetRequiredService<EnvironmentBuilder>().CreateAsync(row.Id, run, AuditActors.System, Stop);
            Assert.Equal((EnvironmentState.Ready, true), (made.State, made.LockSha256 is not null));
        }

        // What belongs to nobody goes when a server starts.
        Directory.CreateDirectory(Path.Combine(server.Paths.Environments, ".incoming", "0123456789abcdef", "venv"));
        await services.GetServices<IHostedService>().OfType<EnvironmentSweeper>().Single().StartAsync(Stop);
        Assert.Equal(["lab"], server.Entries());
    }

    private sealed class Use : IEnvironmentUse
    {
        public string? What { get; set; }

        public Task<string?> FindAsync(string name, CancellationToken cancellationToken) => Task.FromResult(What);
    }
}
