using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Environments.Making;

/// <summary>venv, and the pip that comes with Python.</summary>
internal sealed class PipInstaller(Func<string, string?> variable, TimeProvider time) : IInstaller
{
    private const long MostReportBytes = 64L << 20;

    // The first that says what it would install.
    private static readonly Version Least = new(22, 2);

    public string Name { get; private set; } = "pip";

    public async Task MakeAsync(EnvironmentSteps steps, InstallPlace place, string basePython, CancellationToken cancellationToken)
    {
        await RunAsync(steps, new ChildProcessStart(basePython, "-I", "-m", "venv", place.Folder.Venv), "The environment could not be made", null, cancellationToken).ConfigureAwait(false);
        if (await AskAsync(steps, place, cancellationToken).ConfigureAwait(false) is { } problem)
        {
            throw FaultException.Failed("pip_missing", $"pip of the new environment {problem}", "Install the package python3-venv, or choose another Python.");
        }
    }

    public async Task PrepareAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken)
    {
        if (await AskAsync(steps, place, cancellationToken).ConfigureAwait(false) is not null)
        {
            await RunAsync(steps, new ChildProcessStart(place.Folder.Python, "-I", "-m", "ensurepip") { Environment = Variables(place) }, "pip could not be added", null, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<LockFile> LockAsync(EnvironmentSteps steps, InstallPlace place, string requirements, CancellationToken cancellationToken)
    {
        RequireReport();
        var report = Path.Combine(place.Scratch, "report.json");
        await RunAsync(steps, Pip(place, "install", "--dry-run", "--ignore-installed", "--only-binary", ":all:", "--report", report, "--requirement", requirements), "The requirements cannot be met", null, cancellationToken).ConfigureAwait(false);
        if (new FileInfo(report) is not { Exists: true, Length: <= MostReportBytes })
        {
            throw FaultException.Failed("bad_report", "pip did not say what it would install.", "The log of the task says more.");
        }

        await using var stream = File.OpenRead(report);
        using var json = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
        return WheelHashes.Complete(place.Source, [.. json.RootElement.GetProperty("install").EnumerateArray().Select(Read)]);
    }

    public Task InstallAsync(EnvironmentSteps steps, InstallPlace place, string lockFile, Func<double> done, CancellationToken cancellationToken) =>
        RunAsync(steps, Pip(place, "install", "--require-hashes", "--no-deps", "--force-reinstall", "--only-binary", ":all:", "--requirement", lockFile), "The packages could not be installed", done, cancellationToken);

    public Task UninstallAsync(EnvironmentSteps steps, InstallPlace place, IReadOnlyList<string> names, CancellationToken cancellationToken) =>
        RunAsync(steps, Pip(place, ["uninstall", "--yes", "--", .. names]), "The packages could not be taken away", null, cancellationToken);

    public Task CheckAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken) =>
        RunAsync(steps, new ChildProcessStart(place.Folder.Python, "-I", "-m", "pip", "check") { Environment = Variables(place) }, "The packages do not fit together", null, cancellationToken);

    /// <summary>Which pip the environment has; why it has none.</summary>
    private async Task<string?> AskAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken)
    {
        var question = new InterpreterQuestion(place.Folder.Python, "-I", "-m", "pip", "--version") { Mark = steps.Run.Id, Limit = TimeSpan.FromSeconds(60), Variables = Variables(place) };
        var answer = await Interpreter.AskAsync(question, time, cancellationToken).ConfigureAwait(false);
        if (answer.ExitCode != 0 || answer.Output.Split(' ') is not ["pip", var version, ..])
        {
            return answer.Describe();
        }

        Name = $"pip {version}";
        return null;
    }

    private static async Task RunAsync(EnvironmentSteps steps, ChildProcessStart start, string what, Func<double>? done, CancellationToken cancellationToken)
    {
        if (await steps.RunAsync(start, null, done, cancellationToken).ConfigureAwait(false) != 0)
        {
            throw InstallFaults.Of(what, steps.Run.LastLines(40));
        }
    }

    private ChildProcessStart Pip(InstallPlace place, string verb, params IReadOnlyList<string> arguments) => Pip(place, [verb, .. Sources(place.Source, verb), .. arguments]);

    private ChildProcessStart Pip(InstallPlace place, IReadOnlyList<string> arguments) => new(place.Folder.Python, ["-I", "-m", "pip", .. arguments]) { Environment = Variables(place) };

    private static IEnumerable<string> Sources(PackageSource source, string verb) =>
        verb == "install" && source.Wheelhouse is { } folder ? ["--no-index", $"--find-links={folder}"] : [];

    /// <summary>What pip reads instead of anybody's settings; the index with its login is in none of the arguments, which all users of a machine can read.</summary>
    private Dictionary<string, string> Variables(InstallPlace place)
    {
        var variables = new Dictionary<string, string>(place.Source.NetworkVariables(variable))
        {
            ["PIP_CONFIG_FILE"] = OperatingSystem.IsWindows() ? "nul" : "/dev/null",
            ["PIP_CACHE_DIR"] = Path.Combine(place.Scratch, "cache"),
            ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1",
            ["PIP_NO_INPUT"] = "1",
            ["PIP_NO_COLOR"] = "1",
            ["PIP_PROGRESS_BAR"] = "off",
            ["PIP_DEFAULT_TIMEOUT"] = "30",
            ["PIP_RETRIES"] = "2",
            ["TMPDIR"] = place.Scratch,
            ["TEMP"] = place.Scratch,
            ["TMP"] = place.Scratch,
        };
        if (place.Source.Wheelhouse is null)
        {
            if (place.Source.SecretIndex() is { } index)
            {
                variables["PIP_INDEX_URL"] = index;
            }

            if (place.Source.ExtraIndex is { } extra)
            {
                variables["PIP_EXTRA_INDEX_URL"] = extra.ToString();
            }
        }

        return variables;
    }

    private void RequireReport()
    {
        if (!Version.TryParse(Name.Split(' ')[^1], out var version) || version < Least)
        {
            throw FaultException.Failed("pip_too_old", $"{Name} cannot say which packages the requirements come to.", $"Choose a Python that brings pip {Least} or later, or give a lock file.");
        }
    }

    /// <summary>A package of the report, with the hash that the index gave or pip measured.</summary>
    private static LockedPackage Read(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        var hashes = new List<string>();
        if (item.GetProperty("download_info").TryGetProperty("archive_info", out var archive))
        {
            if (archive.TryGetProperty("hashes", out var all) && all.TryGetProperty("sha256", out var sha256))
            {
                hashes.Add(sha256.GetString()!);
            }
            else if (archive.TryGetProperty("hash", out var one) && one.GetString() is { } text && text.StartsWith("sha256=", StringComparison.Ordinal))
            {
                hashes.Add(text["sha256=".Length..]);
            }
        }

        return new LockedPackage(LockFile.Normalise(metadata.GetProperty("name").GetString()!), metadata.GetProperty("version").GetString()!, hashes);
    }
}
