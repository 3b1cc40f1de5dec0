using System.Diagnostics;
using Beep.Host.Hosting.Processes;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Backends;

/// <summary>An image that a test built from a root file system of its own, in a store of its own.</summary>
internal sealed record PodmanImage(string Program, string Image)
{
    private const string Busybox = "/bin/busybox";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Makes it, or skips the test with the reason.</summary>
    public static async Task<PodmanImage> MakeAsync(TemporaryFolder folder, string worker)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "The image is built as root on Linux.");
        Assert.SkipUnless(Programs.Find("podman") is not null, "Podman is not installed.");
        Assert.SkipUnless(File.Exists(Busybox), "There is no static busybox to build an image of.");
        var root = Directory.CreateDirectory(folder.At("image")).FullName;
        Directory.CreateDirectory(Path.Combine(root, "bin"));
        Directory.CreateDirectory(Path.Combine(root, "tmp"));
        File.Copy(Busybox, Path.Combine(root, "bin", "busybox"));
        foreach (var name in (string[])["sh", "env", "sed", "date", "sleep", "mkdir", "mv", "cat", "wc", "echo", "printf"])
        {
            File.CreateSymbolicLink(Path.Combine(root, "bin", name), "busybox");
        }

        File.Copy(worker, Path.Combine(root, "worker.sh"));
        // A store without layers, and the runtime that also does with old control groups: neither needs anything of the system.
        var runtime = Programs.Find("runc") is { } runc ? $" --runtime={runc}" : "";
        var store = Directory.CreateDirectory(folder.At("store")).FullName;
        var program = folder.Write("podman", $"#!/bin/sh\nexec {Programs.Find("podman")} --storage-driver=vfs --root={store} --runroot={folder.At("run")}{runtime} --cgroup-manager=cgroupfs --events-backend=none \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var image = new PodmanImage(program, "localhost/beep-smallest:1");
        var archive = folder.At("image.tar");
        await StartAsync("tar", ["--create", "--file", archive, "--directory", root, "."]);
        await image.RunAsync("import", archive, image.Image);
        var (code, text) = await TryAsync(program, ["run", "--rm", "--pull=never", "--network=none", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096", image.Image, "/bin/sh", "-c", "echo runs"]);
        Assert.SkipUnless(code == 0 && text.Contains("runs", StringComparison.Ordinal), $"Podman cannot run an image here: {text.Trim()}");
        return image;
    }

    public Task<string> RunAsync(params string[] arguments) => StartAsync(Program, arguments);

    private static async Task<string> StartAsync(string program, string[] arguments)
    {
        var (code, text) = await TryAsync(program, arguments);
        return code == 0 ? text.Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {text}");
    }

    private static async Task<(int Code, string Text)> TryAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, process.ExitCode == 0 ? texts[0] : string.Concat(texts));
    }
}
