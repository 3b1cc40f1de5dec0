using System.Diagnostics;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Backends;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Backends;

/// <summary>An image that a test built from a root file system of its own, with an engine whose store is the test's own.</summary>
/// <param name="Engine">What a definition calls it.</param>
/// <param name="Program">The engine.</param>
/// <param name="Image">What the engine calls it.</param>
internal sealed record TestImage(string Engine, string Program, string Image) : IAsyncDisposable
{
    private const string Busybox = "/bin/busybox";
    private const string Name = "localhost/beep-smallest:1";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Process? Daemon { get; init; }

    /// <summary>Makes it, or skips the test with the reason.</summary>
    public static async Task<TestImage> MakeAsync(string engine, TemporaryFolder folder, string worker)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "The image is built as root on Linux.");
        Assert.SkipUnless(File.Exists(Busybox), "There is no static busybox to build an image of.");
        var needed = engine == BackendDefinition.Docker ? "dockerd" : engine;
        Assert.SkipUnless(Programs.Find(needed) is not null, $"'{needed}' is not installed.");
        var root = WriteRoot(folder, worker);
        var image = engine switch
        {
            BackendDefinition.Podman => new TestImage(engine, WritePodman(folder), Name),
            BackendDefinition.Docker => await StartDockerAsync(folder),
            _ => new TestImage(engine, Programs.Find(engine)!, root),
        };
        try
        {
            if (engine != BackendDefinition.Apptainer)
            {
                var archive = folder.At("image.tar");
                await StartAsync("tar", ["--create", "--file", archive, "--directory", root, "."]);
                await image.RunAsync("import", archive, Name);
            }

            string[] probe = engine == BackendDefinition.Apptainer
                ? ["exec", "--no-privs", "--containall", "--net", "--network=none"]
                : ["run", "--rm", "--pull=never", "--network=none", "--memory=64m", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"];
            var (code, text) = await TryAsync(image.Program, [.. probe, image.Image, "/bin/sh", "-c", "echo runs"]);
            Assert.SkipUnless(code == 0 && text.Contains("runs", StringComparison.Ordinal), $"'{engine}' cannot run an image here: {text.Trim()}");
            return image;
        }
        catch
        {
            await image.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every container that is left.</summary>
    public Task<string> ContainersAsync() => Engine == BackendDefinition.Apptainer ? Task.FromResult("") : RunAsync("ps", "--all", "--quiet");

    public Task<string> RunAsync(params string[] arguments) => StartAsync(Program, arguments);

    public async ValueTask DisposeAsync()
    {
        if (Daemon is not null)
        {
            // It ends its containers and what runs them; killed, it would leave both behind.
            await StartAsync("kill", ["-TERM", $"{Daemon.Id}"]);
            await Daemon.WaitForExitAsync(CancellationToken.None).WaitAsync(Patience, CancellationToken.None);
            Daemon.Dispose();
        }
    }

    private static string WriteRoot(TemporaryFolder folder, string worker)
    {
        var root = Directory.CreateDirectory(folder.At("image")).FullName;
        foreach (var name in (string[])["bin", "tmp", "dev", "proc", "sys", "etc", "root", "var/tmp"])
        {
            Directory.CreateDirectory(Path.Combine(root, name));
        }

        File.Copy(Busybox, Path.Combine(root, "bin", "busybox"));
        foreach (var name in (string[])["sh", "env", "sed", "date", "sleep", "mkdir", "mv", "cat", "wc", "echo", "printf"])
        {
            File.CreateSymbolicLink(Path.Combine(root, "bin", name), "busybox");
        }

        File.Copy(worker, Path.Combine(root, "worker.sh"));
        return root;
    }

    private static string WritePodman(TemporaryFolder folder)
    {
        // A store without layers, and the runtime that also does with old control groups: neither needs anything of the system.
        var runtime = Programs.Find("runc") is { } runc ? $" --runtime={runc}" : "";
        var store = Directory.CreateDirectory(folder.At("store")).FullName;
        return WriteProgram(folder, "podman", $"{Programs.Find("podman")} --storage-driver=vfs --root={store} --runroot={folder.At("run")}{runtime} --cgroup-manager=cgroupfs --events-backend=none");
    }

    private static async Task<TestImage> StartDockerAsync(TemporaryFolder folder)
    {
        var socket = folder.At("docker.sock");
        string[] options = ["--host", $"unix://{socket}", "--data-root", folder.At("store"), "--exec-root", folder.At("run"), "--pidfile", folder.At("docker.pid"), "--storage-driver=vfs", "--bridge=none", "--iptables=false", "--ip6tables=false"];
        var daemon = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec dockerd \"$@\" >\"$log\" 2>&1", "daemon", folder.At("docker.log"), .. options]) { UseShellExecute = false })!;
        var image = new TestImage(BackendDefinition.Docker, WriteProgram(folder, "docker", $"{Programs.Find("docker")} --host unix://{socket}"), Name) { Daemon = daemon };
        for (var waited = Stopwatch.StartNew(); (await TryAsync(image.Program, ["version"])).Code != 0; await Task.Delay(100, Token))
        {
            if (daemon.HasExited)
            {
                Assert.Skip($"dockerd cannot run here: {File.ReadLines(folder.At("docker.log")).LastOrDefault()}");
            }

            Assert.True(waited.Elapsed < Patience, "dockerd does not answer.");
        }

        return image;
    }

    private static string WriteProgram(TemporaryFolder folder, string name, string command) => ProgramFile.Write(folder.At(name), $"#!/bin/sh\nexec {command} \"$@\"\n");

    private static async Task<string> StartAsync(string program, string[] arguments)
    {
        var (code, text) = await TryAsync(program, arguments);
        return code == 0 ? text.Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {text}");
    }

    private static async Task<(int Code, string Text)> TryAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        await process.WaitForExitAsync(CancellationToken.None);
        return (process.ExitCode, process.ExitCode == 0 ? texts[0] : string.Concat(texts));
    }
}
