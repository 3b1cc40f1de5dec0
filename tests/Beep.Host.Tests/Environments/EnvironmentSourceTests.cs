using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Environments;

/// <summary>Where packages come from, and what is told to whom on the way.</summary>
public sealed class EnvironmentSourceTests(PostgresServer postgres)
{
    private const string Password = "pass:w/rd%40secret";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_OfAnIndexWithALogin_ShowsTheLoginToNobody()
    {
        var folder = Directory.CreateTempSubdirectory();
        TestWheels.Write(folder.FullName, "toy-model", "1.0", ["toy-tools"]);
        TestWheels.Write(folder.FullName, "toy-tools", "2.1");
        using var index = TestIndex.Start(folder.FullName, $"robot:{Password}");
        Environment.SetEnvironmentVariable("ENVIRONMENT_TEST_TOKEN", "not for pip");
        await using var server = await EnvironmentServer.StartAsync(postgres, change: options => options with { PythonIndex = index.Address, PythonIndexLogin = new SecretText($"robot:{Password}") });
        var (status, body) = await server.PostAsync("", new { name = "lab", preset = "transformers-cpu" });
        Assert.True(status == 202, body?.ToString());
        var made = await server.EndAsync("lab");
        Assert.Equal(("ready", null), ((string?)made["state"], (string?)made["message"]));
        Assert.Equal(index.Address.ToString(), (string?)made["source"]);
        Assert.Contains(TestWheels.Sha256(Path.Combine(folder.FullName, "toy_tools-2.1-py3-none-any.whl")), (string)(await server.GetAsync("/lab/lock")).Body!, StringComparison.Ordinal);

        await server.PostAsync("/lab/repair");
        Assert.Equal("ready", (string?)(await server.EndAsync("lab"))["state"]);
        string[] secrets = [Password, Uri.EscapeDataString(Password), Uri.EscapeDataString("pass:w")];
        var log = server.LogOf((string)made["task_id"]!);
        await using var context = server.Server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var audit = string.Concat(await context.Set<AuditRow>().Select(row => row.Details).ToListAsync(Stop));
        var files = string.Concat(Directory.EnumerateFiles(server.FolderOf("lab")).Select(File.ReadAllText));
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, audit, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, files, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, made.ToJsonString(), StringComparison.Ordinal);
            Assert.DoesNotContain(index.Commands, command => command.Contains(secret, StringComparison.Ordinal));
        }

        if (OperatingSystem.IsLinux())
        {
            Assert.Contains(index.Commands, command => command.Contains("-m pip install", StringComparison.Ordinal));
            Assert.Contains("PIP_INDEX_URL", index.Environments);
            Assert.DoesNotContain("ENVIRONMENT_TEST_TOKEN", index.Environments);
        }

        Environment.SetEnvironmentVariable("ENVIRONMENT_TEST_TOKEN", null);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Create_OfAnIndexThatRefuses_SaysSoWithoutTheLogin()
    {
        using var index = TestIndex.Start(Path.GetTempPath(), "robot:another one");
        await using var server = await EnvironmentServer.StartAsync(postgres, change: options => options with { PythonIndex = index.Address, PythonIndexLogin = new SecretText($"robot:{Password}") });
        await server.PostAsync("", new { name = "lab", preset = "transformers-cpu" });
        var made = await server.EndAsync("lab");
        Assert.Equal("failed", (string?)made["state"]);
        Assert.EndsWith("Check PYTHON_INDEX_LOGIN.", (string?)made["message"], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", (string?)made["message"] + server.LogOf((string)made["task_id"]!), StringComparison.Ordinal);
        Assert.Empty(server.Entries());
    }

    [Theory]
    [InlineData("http://pypi.example.org/simple", "bad_address")]
    [InlineData("ftp://pypi.example.org/simple", "bad_address")]
    [InlineData("file:///etc", "bad_address")]
    [InlineData("pypi.example.org", "bad_address")]
    [InlineData("https://pypi.example.org/simple?x=1", "bad_address")]
    [InlineData("https://robot:hush@pypi.example.org/simple", "login_in_address")]
    public async Task Create_BadAddress_IsRefusedAndNoLoginIsQuoted(string address, string code)
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        foreach (var field in (string[])["index", "extra_index"])
        {
            var (status, body) = await server.PostAsync("", new JsonObject { ["name"] = "lab", ["preset"] = "transformers-cpu", [field] = address });
            Assert.Equal((422, code), (status, (string?)body!["code"]));
            Assert.DoesNotContain("hush", body.ToJsonString(), StringComparison.Ordinal);
        }

        Assert.Equal("two_sources", (string?)(await server.PostAsync("", new { name = "lab", preset = "transformers-cpu", wheelhouse = server.Wheelhouse, index = "https://x.example.org/" })).Body!["code"]);
        Assert.Equal("wheelhouse_empty", (string?)(await server.PostAsync("", new { name = "lab", preset = "transformers-cpu", wheelhouse = server.Worker })).Body!["code"]);
        Assert.Equal("bad_folder", (string?)(await server.PostAsync("", new { name = "lab", preset = "transformers-cpu", wheelhouse = "wheels" })).Body!["code"]);
    }

    [Fact]
    public async Task Create_DiskThatIsFull_FailsAndLeavesNothing()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        Directory.CreateDirectory(server.Paths.Environments);
        Assert.SkipUnless(Execute("mount", "-t", "tmpfs", "-o", "size=340m", "tmpfs", server.Paths.Environments), "This root may not mount a small disk to fill.");
        try
        {
            // Small to carry and large to unpack: only the disk itself can tell.
            TestWheels.Write(server.Wheelhouse, "toy-tools", "2.1", zeros: 400);
            var made = await server.CreateAsync("lab");
            Assert.Equal("failed", (string?)made["state"]);
            Assert.EndsWith("No space left on device. Free space on the disk of the home, or move the home to a larger one.", (string?)made["message"], StringComparison.Ordinal);
            Assert.Empty(server.Entries());

            Assert.True(Execute("mount", "-o", "remount,size=3m", server.Paths.Environments));
            made = await server.CreateAsync("lab");
            Assert.Equal("failed", (string?)made["state"]);
            Assert.StartsWith("The environment needs about ", (string?)made["message"], StringComparison.Ordinal);
            Assert.Empty(server.Entries());
        }
        finally
        {
            Execute("umount", server.Paths.Environments);
        }
    }

    private static bool Execute(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
