using Beep.Contracts;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Environments.Making;

/// <summary>Makes the files of an environment in a folder that nobody uses yet, and mends those of one that is there.</summary>
internal sealed class EnvironmentMaker(EnvironmentFolders folders, RuntimeFinder runtimes, Func<PythonWorker> locate, HostOptions options, Func<string, string?> variable, TimeProvider time)
{
    private const string ScratchName = "scratch";
    private const string InstallerName = "installer.txt";

    // A wheel is about a third of what it unpacks to.
    private const int Unpacked = 3;

    private static readonly Version LeastUv = new(0, 4);

    /// <summary>Makes a whole environment.</summary>
    /// <param name="steps">Of the run.</param>
    /// <param name="row">What it is to be.</param>
    /// <param name="folder">Where it is made.</param>
    /// <param name="given">What it must consist of; null for what the requirements come to.</param>
    /// <param name="from">The progress at the beginning.</param>
    /// <param name="to">The progress at the end.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task MakeAsync(EnvironmentSteps steps, EnvironmentRow row, EnvironmentFolder folder, LockFile? given, int from, int to, CancellationToken cancellationToken)
    {
        var preset = EnvironmentPreset.Find(row.Preset) ?? throw FaultException.Failed("unknown_preset", $"There is no preset '{row.Preset}' any more.", "Remove the environment and create one of a preset that there is.");
        var place = Place(folder, folder.Path, row);
        var share = (to - from) / 10;
        var installer = await steps.DoAsync("Environment", from, from + share, async () =>
        {
            folders.RequireSpace(0);
            await File.WriteAllTextAsync(folder.Mark, row.Id, cancellationToken).ConfigureAwait(false);
            await File.WriteAllTextAsync(folder.Requirements, preset.Read(locate()), cancellationToken).ConfigureAwait(false);
            var python = await RequireRuntimeAsync(row, cancellationToken).ConfigureAwait(false);
            var found = await InstallerAsync(steps.Run.Id, cancellationToken).ConfigureAwait(false);
            await found.MakeAsync(steps, place, python.Path, cancellationToken).ConfigureAwait(false);
            await File.WriteAllTextAsync(Path.Combine(folder.Path, InstallerName), found.Name, cancellationToken).ConfigureAwait(false);
            return (found, $"Python {python.Version}, {found.Name}");
        }, cancellationToken).ConfigureAwait(false);
        var locked = await steps.DoAsync("Resolve", from + share, from + (3 * share), async () =>
        {
            steps.Run.Log($"Packages come from {place.Source.Describe()}.");
            var found = given ?? await LockAsync(steps, installer, place, cancellationToken).ConfigureAwait(false);
            await File.WriteAllTextAsync(folder.Lock, found.Write(), cancellationToken).ConfigureAwait(false);
            if (place.Source.Wheelhouse is { } wheels)
            {
                folders.RequireSpace(WheelHashes.BytesIn(wheels, found) * Unpacked);
            }

            return (found, $"{Units.Count(found.Packages.Count, "package")}{(given is null ? "" : " of the given lock")}");
        }, cancellationToken).ConfigureAwait(false);
        await InstallAsync(steps, installer, place, folder.Lock, locked.Packages.Count, from + (3 * share), to, cancellationToken).ConfigureAwait(false);
        Directory.Delete(place.Scratch, recursive: true);
        folder.RequireContained();
    }

    /// <summary>Installs anew what differs, in place.</summary>
    public async Task MendAsync(EnvironmentSteps steps, EnvironmentRow row, EnvironmentFolder folder, EnvironmentFolder scratch, EnvironmentDamage damage, int from, int to, CancellationToken cancellationToken)
    {
        var place = Place(folder, scratch.Path, row);
        var installer = await InstallerAsync(steps.Run.Id, cancellationToken).ConfigureAwait(false);
        await installer.PrepareAsync(steps, place, cancellationToken).ConfigureAwait(false);
        foreach (var package in damage.Install)
        {
            steps.Run.Log($"To install anew: {package.Name} {package.Version}");
        }

        if (damage.Surplus.Count > 0)
        {
            await steps.DoAsync("Take away", from, from, async () =>
            {
                await installer.UninstallAsync(steps, place, damage.Surplus, cancellationToken).ConfigureAwait(false);
                return (true, string.Join(", ", damage.Surplus));
            }, cancellationToken).ConfigureAwait(false);
        }

        if (damage.Install.Count > 0)
        {
            var part = Path.Combine(place.Scratch, "repair.txt");
            await File.WriteAllTextAsync(part, LockFile.Write(damage.Install), cancellationToken).ConfigureAwait(false);
            await InstallAsync(steps, installer, place, part, damage.Install.Count, from, to, cancellationToken).ConfigureAwait(false);
        }

        folder.RequireContained();
    }

    /// <summary>What an environment was made by.</summary>
    public static string? ReadInstaller(EnvironmentFolder folder)
    {
        var path = Path.Combine(folder.Path, InstallerName);
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 and <= EnvironmentRow.LongestWord } name ? name : null;
    }

    private static async Task<LockFile> LockAsync(EnvironmentSteps steps, IInstaller installer, InstallPlace place, CancellationToken cancellationToken)
    {
        try
        {
            return await installer.LockAsync(steps, place, place.Folder.Requirements, cancellationToken).ConfigureAwait(false);
        }
        catch (FaultException fault)
        {
            throw await IndexCheck.ExplainAsync(fault, place.Source, cancellationToken).ConfigureAwait(false);
        }
    }

    private static Task<bool> InstallAsync(EnvironmentSteps steps, IInstaller installer, InstallPlace place, string lockFile, int count, int from, int to, CancellationToken cancellationToken) => steps.DoAsync("Install", from, to, async () =>
    {
        var before = place.Folder.CountPackages();
        await installer.InstallAsync(steps, place, lockFile, () => (place.Folder.CountPackages() - before) / (double)count, cancellationToken).ConfigureAwait(false);
        await installer.CheckAsync(steps, place, cancellationToken).ConfigureAwait(false);
        return (true, Units.Count(count, "package"));
    }, cancellationToken);

    private InstallPlace Place(EnvironmentFolder folder, string scratchIn, EnvironmentRow row)
    {
        var scratch = Path.Combine(scratchIn, ScratchName);
        PrivateFiles.CreateFolder(scratch);
        var source = PackageSource.Of(row, options);
        return source.Wheelhouse is { } wheels && !Directory.Exists(wheels)
            ? throw FaultException.Failed("wheelhouse_missing", $"The folder of wheels '{wheels}' is not there.", "Put it back: packages of this environment come from nowhere else.", wheels)
            : new InstallPlace(folder, scratch, source);
    }

    private async Task<PythonRuntime> RequireRuntimeAsync(EnvironmentRow row, CancellationToken cancellationToken)
    {
        var (found, problem) = await runtimes.AskAsync(row.BasePython!, cancellationToken).ConfigureAwait(false);
        return found is null || found.Problem is not null
            ? throw FaultException.Failed("runtime_unusable", problem ?? $"No environment can be made from '{row.BasePython}': {found!.Problem}", "Create the environment from another Python.")
            : found;
    }

    private async Task<IInstaller> InstallerAsync(string mark, CancellationToken cancellationToken)
    {
        if (runtimes.FindUv() is { } uv)
        {
            // "uv 0.5.1 (…)"
            var answer = await Interpreter.AskAsync(new InterpreterQuestion(uv, "--version") { Mark = mark }, time, cancellationToken).ConfigureAwait(false);
            if (answer.ExitCode == 0 && answer.Output.Split(' ', '\n') is ["uv", var word, ..] && Version.TryParse(word, out var version) && version >= LeastUv)
            {
                return new UvInstaller(uv, word, variable);
            }
        }

        return new PipInstaller(variable, time);
    }
}
