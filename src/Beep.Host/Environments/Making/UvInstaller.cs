using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Environments.Making;

/// <summary>uv, which does the same in a fraction of the time.</summary>
internal sealed class UvInstaller(string program, string version, Func<string, string?> variable) : IInstaller
{
    public string Name { get; } = $"uv {version}";

    public Task MakeAsync(EnvironmentSteps steps, InstallPlace place, string basePython, CancellationToken cancellationToken) =>
        RunAsync(steps, Uv(place, "venv", "--python", basePython, place.Folder.Venv), "The environment could not be made", null, cancellationToken);

    public Task PrepareAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<LockFile> LockAsync(EnvironmentSteps steps, InstallPlace place, string requirements, CancellationToken cancellationToken)
    {
        var output = Path.Combine(place.Scratch, "compiled.txt");
        var start = Uv(place, ["pip", "compile", .. Sources(place.Source), "--python", place.Folder.Python, "--generate-hashes", "--only-binary", ":all:", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--output-file", output, requirements]);
        await RunAsync(steps, start, "The requirements cannot be met", null, cancellationToken).ConfigureAwait(false);
        if (new FileInfo(output) is not { Exists: true, Length: <= LockFile.MostBytes })
        {
            throw FaultException.Failed("bad_report", "uv did not say what it would install.", "The log of the task says more.");
        }

        return WheelHashes.Complete(place.Source, LockFile.Parse(await File.ReadAllTextAsync(output, cancellationToken).ConfigureAwait(false), mayLackHashes: true).Packages);
    }

    public Task InstallAsync(EnvironmentSteps steps, InstallPlace place, string lockFile, Func<double> done, CancellationToken cancellationToken) => RunAsync(
        steps,
        Uv(place, ["pip", "install", .. Sources(place.Source), "--python", place.Folder.Python, "--require-hashes", "--no-deps", "--reinstall", "--only-binary", ":all:", "--compile-bytecode", "--link-mode", "copy", "--requirement", lockFile]),
        "The packages could not be installed",
        done,
        cancellationToken);

    public Task UninstallAsync(EnvironmentSteps steps, InstallPlace place, IReadOnlyList<string> names, CancellationToken cancellationToken) =>
        RunAsync(steps, Uv(place, ["pip", "uninstall", "--python", place.Folder.Python, .. names]), "The packages could not be taken away", null, cancellationToken);

    public Task CheckAsync(EnvironmentSteps steps, InstallPlace place, CancellationToken cancellationToken) =>
        RunAsync(steps, Uv(place, "pip", "check", "--python", place.Folder.Python), "The packages do not fit together", null, cancellationToken);

    private static async Task RunAsync(EnvironmentSteps steps, ChildProcessStart start, string what, Func<double>? done, CancellationToken cancellationToken)
    {
        if (await steps.RunAsync(start, null, done, cancellationToken).ConfigureAwait(false) != 0)
        {
            throw InstallFaults.Of(what, steps.Run.LastLines(40));
        }
    }

    private static IEnumerable<string> Sources(PackageSource source) => source.Wheelhouse is { } folder ? ["--no-index", "--offline", "--find-links", folder] : [];

    private ChildProcessStart Uv(InstallPlace place, params IReadOnlyList<string> arguments)
    {
        var variables = new Dictionary<string, string>(place.Source.NetworkVariables(variable))
        {
            ["UV_NO_CONFIG"] = "1",
            ["UV_CACHE_DIR"] = Path.Combine(place.Scratch, "cache"),
            ["UV_PYTHON_DOWNLOADS"] = "never",
            ["UV_NO_PROGRESS"] = "1",
            ["UV_INDEX_STRATEGY"] = "unsafe-best-match",
            ["UV_HTTP_TIMEOUT"] = "30",
            ["TMPDIR"] = place.Scratch,
            ["TEMP"] = place.Scratch,
            ["TMP"] = place.Scratch,
        };
        if (place.Source.Wheelhouse is null)
        {
            // The second names are those of versions before 0.4.23.
            if (place.Source.SecretIndex() is { } index)
            {
                (variables["UV_DEFAULT_INDEX"], variables["UV_INDEX_URL"]) = (index, index);
            }

            if (place.Source.ExtraIndex?.ToString() is { } extra)
            {
                (variables["UV_INDEX"], variables["UV_EXTRA_INDEX_URL"]) = (extra, extra);
            }
        }

        return new ChildProcessStart(program, arguments) { Environment = variables };
    }
}
