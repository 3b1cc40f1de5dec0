using Beep.Host.Environments.Runtimes;
using Beep.Tests;

namespace Beep.Host.Tests.Environments;

/// <summary>Finding Pythons: programs that answer as one does, in the places where people have them.</summary>
public sealed class RuntimeFinderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task List_EveryPlace_IsLookedAtAndTwoNamesOfOneAreOne()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The programs are scripts of a shell.");
        var home = At("home");
        var newest = Write(At("bin", "python3.12"), "3.12.4");
        File.CreateSymbolicLink(At("bin", "python3"), newest);
        File.CreateSymbolicLink(At("bin", "python"), At("bin", "python3"));
        Write(At("bin", "python3-config"), "9.9.9");
        Write(At("bin", "pythonw"), "9.9.9");
        Write(Path.Combine(home, ".pyenv", "versions", "3.11.7", "bin", "python3"), "3.11.7");
        Write(Path.Combine(home, ".pyenv", "shims", "python3"), "9.9.9");
        Write(Path.Combine(home, "miniforge3", "bin", "python3"), "3.13.1");
        Write(Path.Combine(home, "miniforge3", "envs", "train", "bin", "python3"), "3.10.2", isEnvironment: true);
        Write(At("elsewhere", "env", "bin", "python"), "3.10.3", isEnvironment: true);
        Directory.CreateDirectory(Path.Combine(home, ".conda"));
        await File.WriteAllTextAsync(Path.Combine(home, ".conda", "environments.txt"), $"{At("elsewhere", "env")}\n{At("gone")}\nrelative\n", TestContext.Current.CancellationToken);
        Write(At("program", "python", "bin", "python3"), "3.12.0");
        Write(At("system", "python3.9"), "3.9.2");
        Write(At("system", "python3.11"), "3.11.2", hasVenv: false);
        var places = new RuntimePlaces(
            name => name switch { "PATH" => $"{At("bin")}:relative:{At("nowhere")}:{Path.Combine(home, ".pyenv", "shims")}", "HOME" => home, _ => null }, At("program"), [At("system")]);
        using var finder = new RuntimeFinder(places, TimeProvider.System) { Patience = TimeSpan.FromMinutes(2) };
        var found = await finder.ListAsync(isFresh: true, TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                (RuntimeSource.Conda, "3.13.1", null), (RuntimeSource.Path, "3.12.4", null), (RuntimeSource.Embedded, "3.12.0", null), (RuntimeSource.Pyenv, "3.11.7", null),
                (RuntimeSource.Conda, "3.10.3", null), (RuntimeSource.Conda, "3.10.2", null),
                (RuntimeSource.System, "3.11.2", "It lacks venv: install the package python3-venv."), (RuntimeSource.System, "3.9.2", "Python 3.9.2 is older than 3.10."),
            ],
            found.Select(runtime => (runtime.Source, runtime.Version, runtime.Problem)));
        Assert.All(found, runtime => Assert.Equal(RuntimeProbe.IdOf(runtime.Path), runtime.Id));
        Assert.Equal(newest, found[1].Path);
    }

    [Fact]
    public async Task List_InterpretersThatMisbehave_AreLeftOutInTime()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The programs are scripts of a shell.");
        Script(At("bin", "python3.10"), "sleep 600");
        Script(At("bin", "python3.11"), "sleep 600 & sleep 600");
        Script(At("bin", "python3.12"), "while true; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
        Script(At("bin", "python3.13"), "echo no json");
        Script(At("bin", "python3.14"), "echo '[1'");
        Write(At("bin", "python3"), "3.12.1");
        var time = new HeldTime();
        using var finder = new RuntimeFinder(new RuntimePlaces(name => name == "PATH" ? At("bin") : null, At("program"), []), time) { Patience = HeldTime.Span };
        var found = finder.ListAsync(isFresh: true, TestContext.Current.CancellationToken);
        // Two of the six never answer.
        await time.EndAsync(begun: 6, running: 2);
        Assert.Equal("3.12.1", Assert.Single(await found).Version);
        _folder.Write("other/python3.15", "not executable");
        using var other = new RuntimeFinder(new RuntimePlaces(name => name == "PATH" ? At("other") : null, At("program"), []), TimeProvider.System);
        Assert.Empty(await other.ListAsync(isFresh: true, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ask_RealPython_SaysWhatItIs()
    {
        var python = await TestPython.RequireAsync();
        var (runtime, problem) = await RuntimeProbe.AskAsync(python, RuntimeSource.Named, TimeSpan.FromMinutes(2), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal((null, null, "cpython", 64), (problem, runtime!.Problem, runtime.Implementation, runtime.Bits));
    }

    private string At(params string[] parts) => Path.Combine([_folder.Path, .. parts]);

    /// <summary>A program that answers as a Python of a version does.</summary>
    private static string Write(string path, string version, bool isEnvironment = false, bool hasVenv = true)
    {
        var (environment, venv) = (isEnvironment ? "true" : "false", hasVenv ? "true" : "false");
        return Script(path, $$"""echo '{"version":"{{version}}","implementation":"cpython","executable":"","architecture":"x86_64","bits":64,"venv":{{venv}},"ensurepip":true,"environment":{{environment}}}'""");
    }

    private static string Script(string path, string text) => ProgramFile.Write(path, $"#!/bin/sh\n{text}\n");
}
