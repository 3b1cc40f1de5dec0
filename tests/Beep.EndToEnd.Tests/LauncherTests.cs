using System.Diagnostics;
using Beep.EndToEnd.Tests.Support;
using Beep.Tests;

namespace Beep.EndToEnd.Tests;

/// <summary>The script that people type, over a real build.</summary>
public sealed class LauncherTests : IDisposable
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(0.7);
    private readonly TemporaryFolder _folder = new();

    public LauncherTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "./beep is a POSIX script; beep.cmd is its twin on Windows and has no test.");

    [Fact]
    public async Task Launch_ThroughASymbolicLinkFromElsewhere_RunsAndIsQuickTheSecondTime()
    {
        var link = _folder.At("beep link");
        File.CreateSymbolicLink(link, RepositoryFiles.At("beep"));
        Assert.Equal((0, "beep 0.1.0\n"), Only(await LaunchAsync(link, "--version")));

        // What it takes beyond the program itself, until it is little once, so that a busy machine is not taken for a slow launcher; a build
        // would cost each of them seconds.
        var beyond = TimeSpan.MaxValue;
        for (var launch = 0; launch < 40 && beyond > Quick; launch++)
        {
            var started = Stopwatch.GetTimestamp();
            Assert.Equal((0, "beep 0.1.0\n"), Only(await BeepProgram.RunAsync("--version")));
            var alone = Stopwatch.GetElapsedTime(started);
            started = Stopwatch.GetTimestamp();
            Assert.Equal((0, "beep 0.1.0\n"), Only(await LaunchAsync(link, "--version")));
            beyond = Stopwatch.GetElapsedTime(started) - alone;
        }

        Assert.True(beyond <= Quick, $"It takes {beyond} more than the program.");
    }

    [Fact]
    public async Task Launch_ArgumentsWithSpacesAndSigns_ArriveAsTheyAre()
    {
        var result = await LaunchAsync(RepositoryFiles.At("beep"), "dataset", "check", "no such $file; 'really'");
        Assert.Equal(20, result.ExitCode);
        Assert.Contains("no such $file; 'really'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_WithoutSdk_SaysWhatToInstall()
    {
        var copy = CopyLauncher();
        var result = await LaunchAsync(copy, new Dictionary<string, string> { ["BEEP_DOTNET"] = _folder.At("no-dotnet") }, "--version");
        Assert.Equal((50, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("The .NET 10 SDK is needed to build beep, and none was found. Install it, then run the same command again:\n", result.Error, StringComparison.Ordinal);
        Assert.Contains("dotnet-install.sh | bash -s -- --channel 10.0", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_ThreeAtOnceBeforeAnyBuild_BuildOnceAndAllRun()
    {
        var copy = CopyLauncher();
        // A dotnet that counts its builds and "runs" what it built.
        var dotnet = _folder.Write("dotnet", $$"""
            #!/bin/sh
            case $1 in
                --list-sdks) echo '10.0.100 [/sdk]' ;;
                build) echo build >> '{{_folder.At("builds")}}'; sleep 1; mkdir -p artifacts/bin/Beep.Host/release; touch artifacts/bin/Beep.Host/release/beep.dll ;;
                *) shift; echo "ran $*" ;;
            esac
            """.ReplaceLineEndings("\n"));
        MakeExecutable(dotnet);
        var environment = new Dictionary<string, string> { ["BEEP_DOTNET"] = dotnet };
        var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => LaunchAsync(copy, environment, $"call {i}")));
        Assert.Equal(["ran call 0\n", "ran call 1\n", "ran call 2\n"], results.Select(result => result.Output));
        Assert.Single(await File.ReadAllLinesAsync(_folder.At("builds"), TestContext.Current.CancellationToken));
        Assert.Single(results, result => result.Error.Contains("Building (first time takes a minute or two)…", StringComparison.Ordinal));
        Assert.False(Path.Exists(_folder.At("artifacts", "launcher", "lock")));

        await File.WriteAllTextAsync(_folder.At("src", "New.cs"), "", TestContext.Current.CancellationToken);
        Assert.Equal("Building…\n", (await LaunchAsync(copy, environment, "again")).Error);
        Assert.Equal("", (await LaunchAsync(copy, environment, "again")).Error);
        File.Delete(_folder.At("src", "New.cs"));
        Assert.Equal("Building…\n", (await LaunchAsync(copy, environment, "again")).Error);
    }

    [Fact]
    public async Task Launch_BuildThatFails_ShowsTheLogAndRunsNothing()
    {
        var copy = CopyLauncher();
        var dotnet = _folder.Write("dotnet", "#!/bin/sh\n[ \"$1\" = --list-sdks ] && echo '10.0.100 [/sdk]' && exit 0\necho 'Odd.cs(1): error CS0000: odd'\nexit 1\n");
        MakeExecutable(dotnet);
        var result = await LaunchAsync(copy, new Dictionary<string, string> { ["BEEP_DOTNET"] = dotnet }, "--version");
        Assert.Equal((50, ""), (result.ExitCode, result.Output));
        Assert.Equal(
            $"""
            Building (first time takes a minute or two)…
            Odd.cs(1): error CS0000: odd
            error: beep could not be built; the log above is also in '{_folder.At("artifacts", "launcher", "build.log")}'. Correct what it names and run the same command again. [build_failed]

            """.ReplaceLineEndings("\n"),
            result.Error);
        Assert.False(Path.Exists(_folder.At("artifacts", "launcher", "lock")));
    }

    [Fact]
    public async Task Launch_LockOfAProcessThatIsGone_IsTakenOver()
    {
        var copy = CopyLauncher();
        Directory.CreateDirectory(_folder.At("artifacts", "launcher"));
        File.CreateSymbolicLink(_folder.At("artifacts", "launcher", "lock"), "2147483646");
        var dotnet = _folder.Write("dotnet", "#!/bin/sh\n[ \"$1\" = --list-sdks ] && echo '10.0.100 [/sdk]'\nexit 0\n");
        MakeExecutable(dotnet);
        Assert.Equal(0, (await LaunchAsync(copy, new Dictionary<string, string> { ["BEEP_DOTNET"] = dotnet }, "--version")).ExitCode);
    }

    public void Dispose() => _folder.Dispose();

    private static (int, string) Only(BeepResult result) => (result.ExitCode, result.Output);

    private static void MakeExecutable(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static Task<BeepResult> LaunchAsync(string launcher, params string[] arguments) => LaunchAsync(launcher, new Dictionary<string, string>(), arguments);

    private static async Task<BeepResult> LaunchAsync(string launcher, Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(launcher, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new BeepResult(process.ExitCode, await output, await error);
    }

    /// <summary>A launcher in a checkout that holds nothing but what it looks at.</summary>
    private string CopyLauncher()
    {
        var copy = _folder.At("beep");
        File.Copy(RepositoryFiles.At("beep"), copy);
        foreach (var file in new[] { "src/Old.cs", "build/Old.props", "Directory.Build.props", "Directory.Packages.props", "global.json" })
        {
            _folder.Write(file, "");
        }

        return copy;
    }
}
