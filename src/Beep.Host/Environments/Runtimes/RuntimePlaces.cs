using System.Text.RegularExpressions;

namespace Beep.Host.Environments.Runtimes;

/// <summary>Where runtimes are looked for; a test hands in its own.</summary>
/// <param name="Variable">The environment.</param>
/// <param name="ProgramFolder">Where the program lies, and perhaps a Python beside it.</param>
/// <param name="SystemFolders">Where the system installs programs.</param>
internal sealed partial record RuntimePlaces(Func<string, string?> Variable, string ProgramFolder, IReadOnlyList<string> SystemFolders)
{
    // A folder of programs may hold thousands; a name is looked at, and run only where it is a Python's.
    private const int MostInFolder = 20_000;
    private const string Environments = "envs";

    /// <summary>Those of this machine.</summary>
    public static RuntimePlaces OfMachine(Func<string, string?> variable, string programFolder) =>
        new(variable, programFolder, OperatingSystem.IsWindows() ? [] : ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]);

    private string? UserFolder => Variable(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME") is { Length: > 0 } home && Path.IsPathFullyQualified(home) ? home : null;

    /// <summary>Every file that is named like an interpreter, the likeliest first; none was run yet, except the launcher of Windows.</summary>
    public async Task<IReadOnlyList<(string Path, RuntimeSource Source)>> FindAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        List<(string, RuntimeSource)> found = [.. Embedded(), .. OnPath(), .. Pyenv(), .. Conda(), .. Uv(), .. SystemFolders.SelectMany(folder => In(folder, RuntimeSource.System))];
        if (OperatingSystem.IsWindows())
        {
            found.AddRange(await LauncherAsync(time, cancellationToken).ConfigureAwait(false));
        }

        return found;
    }

    /// <summary>uv, where there is one.</summary>
    public string? FindUv()
    {
        var name = OperatingSystem.IsWindows() ? "uv.exe" : "uv";
        var folders = PathFolders().Concat(UserFolder is { } home ? [Path.Combine(home, ".local", "bin"), Path.Combine(home, ".cargo", "bin")] : []);
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    private IEnumerable<(string, RuntimeSource)> Embedded() => Python(Path.Combine(ProgramFolder, "python"), RuntimeSource.Embedded);

    private IEnumerable<(string, RuntimeSource)> OnPath() => PathFolders().Where(folder => !folder.EndsWith(Path.Combine(".pyenv", "shims"), StringComparison.Ordinal)).SelectMany(folder => In(folder, RuntimeSource.Path));

    // A folder that is not written whole depends on where the server was started.
    private IEnumerable<string> PathFolders() => (Variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(Path.IsPathFullyQualified).Distinct(StringComparer.Ordinal);

    private IEnumerable<(string, RuntimeSource)> Pyenv()
    {
        var root = Variable("PYENV_ROOT") is { Length: > 0 } named ? named : UserFolder is { } home ? Path.Combine(home, OperatingSystem.IsWindows() ? Path.Combine(".pyenv", "pyenv-win") : ".pyenv") : null;
        return root is null ? [] : FoldersOf(Path.Combine(root, "versions")).SelectMany(folder => Python(folder, RuntimeSource.Pyenv));
    }

    private IEnumerable<(string, RuntimeSource)> Uv() =>
        UserFolder is { } home && !OperatingSystem.IsWindows() ? FoldersOf(Path.Combine(home, ".local", "share", "uv", "python")).SelectMany(folder => Python(folder, RuntimeSource.Uv)) : [];

    private IEnumerable<(string, RuntimeSource)> Conda()
    {
        var roots = new List<string>();
        foreach (var variable in (string[])["CONDA_PREFIX", "CONDA_ROOT", "MAMBA_ROOT_PREFIX"])
        {
            if (Variable(variable) is { Length: > 0 } named && Path.IsPathFullyQualified(named))
            {
                roots.Add(named);
            }
        }

        // bin/conda of an installation.
        if (Variable("CONDA_EXE") is { Length: > 0 } program && Path.GetDirectoryName(Path.GetDirectoryName(program)) is { Length: > 0 } root)
        {
            roots.Add(root);
        }

        string[] names = ["miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda"];
        var parents = new[] { UserFolder, OperatingSystem.IsWindows() ? Variable("ProgramData") : "/opt" }.OfType<string>();
        roots.AddRange(parents.SelectMany(parent => names.Append("conda").Select(name => Path.Combine(parent, name))));
        // conda writes here every environment that it makes, wherever it lies.
        var listed = UserFolder is { } home ? Lines(Path.Combine(home, ".conda", "environments.txt")).Where(Path.IsPathFullyQualified) : [];
        return roots.Distinct(StringComparer.Ordinal).SelectMany(folder => FoldersOf(Path.Combine(folder, Environments)).Prepend(folder)).Concat(listed).Distinct(StringComparer.Ordinal)
            .SelectMany(folder => Python(folder, RuntimeSource.Conda));
    }

    private static async Task<IEnumerable<(string, RuntimeSource)>> LauncherAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var launcher = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.Windows), "py.exe");
        if (!File.Exists(launcher))
        {
            return [];
        }

        var answer = await Interpreter.AskAsync(new InterpreterQuestion(launcher, "-0p"), time, cancellationToken).ConfigureAwait(false);
        // " -V:3.12 *        C:\Python312\python.exe"
        return [.. from Match match in LauncherLine().Matches(answer.Output) let path = match.Groups[1].Value.Trim() where File.Exists(path) select (path, RuntimeSource.Launcher)];
    }

    /// <summary>The interpreter of an installation or environment.</summary>
    private static IEnumerable<(string, RuntimeSource)> Python(string folder, RuntimeSource source)
    {
        string[] places = OperatingSystem.IsWindows()
            ? [Path.Combine(folder, "python.exe"), Path.Combine(folder, "Scripts", "python.exe")]
            : [Path.Combine(folder, "bin", "python3"), Path.Combine(folder, "bin", "python")];
        return places.Where(File.Exists).Take(1).Select(path => (path, source));
    }

    private static IEnumerable<(string, RuntimeSource)> In(string folder, RuntimeSource source)
    {
        try
        {
            return Directory.Exists(folder)
                ? [.. new DirectoryInfo(folder).EnumerateFiles("python*").Take(MostInFolder).Where(file => Name().IsMatch(file.Name)).OrderByDescending(file => file.Name.Length).ThenByDescending(file => file.Name, StringComparer.Ordinal).Select(file => (file.FullName, source))]
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static IEnumerable<string> FoldersOf(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Take(MostInFolder).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Lines(string file)
    {
        try
        {
            return File.Exists(file) && new FileInfo(file).Length <= 1 << 20 ? [.. File.ReadLines(file).Select(line => line.Trim())] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [GeneratedRegex(@"\Apython(3(\.[0-9]{1,2})?)?(\.exe)?\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"(?m)^\s*-\S+\s+(?:\*\s+)?([A-Za-z]:\\.+?)\s*$")]
    private static partial Regex LauncherLine();
}
