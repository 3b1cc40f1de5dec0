using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Environments;

/// <summary>Asks interpreters for their packages, as their own metadata has them. What was read holds while the environment is not changed.</summary>
internal sealed class PackageReader(TimeProvider time)
{
    private const int MostBytes = 8 << 20;
    private const int MostPackages = 5000;
    private const int LongestWord = 200;
    private const int MostKept = 50;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // A torch is two gigabytes to hash.
    private static readonly TimeSpan CheckLimit = TimeSpan.FromMinutes(15);

    private const string Begin = "import importlib.metadata as m, json, sys\nsys.path[:] = [p for p in sys.path if p]\n";

    private const string ListScript = Begin + """
        found = {}
        for d in m.distributions():
            name = d.metadata["Name"]
            if name and name.lower() not in found:
                found[name.lower()] = {"name": name, "version": d.version, "summary": d.metadata["Summary"]}
        print("\n" + json.dumps(list(found.values())))
        """;

    // The record itself is read: the library leaves files out that are gone. What lies elsewhere is not held against its hash: scripts name the interpreter by its path, and say so in other words after a move.
    private const string CheckScript = Begin + """
        import base64, csv, hashlib, os, sysconfig
        place = sysconfig.get_path("purelib")
        found = []
        for d in m.distributions(path=[place]):
            record = d.read_text("RECORD")
            damaged = 0 if record else 1
            for row in csv.reader((record or "").splitlines()):
                if len(row) < 2 or row[0].startswith("..") or row[0].endswith(".pyc") or not row[1].startswith("sha256="):
                    continue
                try:
                    h = hashlib.sha256()
                    with open(os.path.join(place, row[0]), "rb") as s:
                        for part in iter(lambda: s.read(1 << 20), b""):
                            h.update(part)
                    same = base64.urlsafe_b64encode(h.digest()).rstrip(b"=").decode() == row[1][7:]
                except OSError:
                    same = False
                damaged += not same
            found.append({"name": d.metadata["Name"], "version": d.version, "damaged": damaged})
        print("\n" + json.dumps(found))
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { MaxDepth = 4 };

    private readonly Dictionary<string, IReadOnlyList<InstalledPackage>> _known = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>The packages in the order of their names.</summary>
    /// <param name="environment">Whose.</param>
    /// <param name="version">Rises when the environment was changed.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="FaultException">The interpreter does not say.</exception>
    public async Task<IReadOnlyList<InstalledPackage>> ListAsync(PythonEnvironment environment, int version, CancellationToken cancellationToken)
    {
        var key = $"{environment.Name}/{version}/{environment.PythonPath}";
        lock (_gate)
        {
            if (_known.TryGetValue(key, out var known))
            {
                return known;
            }
        }

        var said = await AskAsync<InstalledPackage>(environment.PythonPath, environment.IsCreatedHere, ListScript, Limit, null, cancellationToken).ConfigureAwait(false);
        List<InstalledPackage> packages =
        [
            .. said.Where(package => package is { Name: not null, Version: not null })
                .Select(package => new InstalledPackage(Clean(package.Name), Clean(package.Version), package.Summary is null ? null : Clean(package.Summary)))
                .OrderBy(package => package.Name, StringComparer.OrdinalIgnoreCase),
        ];
        lock (_gate)
        {
            if (_known.Count >= MostKept)
            {
                _known.Clear();
            }

            return _known[key] = packages;
        }
    }

    /// <summary>Every package with how many of its files are no longer what they were; for environments that were made here.</summary>
    public async Task<IReadOnlyList<CheckedPackage>> CheckAsync(string python, string mark, CancellationToken cancellationToken)
    {
        var said = await AskAsync<CheckedPackage>(python, isCreatedHere: true, CheckScript, CheckLimit, mark, cancellationToken).ConfigureAwait(false);
        return [.. said.Where(package => package is { Name: not null, Version: not null }).Select(package => package with { Name = LockFile.Normalise(package.Name) })];
    }

    private async Task<List<T>> AskAsync<T>(string python, bool isCreatedHere, string script, TimeSpan limit, string? mark, CancellationToken cancellationToken)
    {
        // A user's own packages count where the environment is the user's.
        var question = new InterpreterQuestion(python, isCreatedHere ? "-I" : "-E", "-c", script) { Limit = limit, MostBytes = MostBytes };
        var answer = await Interpreter.AskAsync(mark is null ? question : question with { Mark = mark }, time, cancellationToken).ConfigureAwait(false);
        try
        {
            if (answer.ExitCode == 0 && answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() is { } line
                && JsonSerializer.Deserialize<List<T>>(line, Json) is { Count: <= MostPackages } packages)
            {
                return packages;
            }
        }
        catch (JsonException)
        {
            // It is no answer.
        }

        throw FaultException.Failed("packages_unreadable", $"'{python}' {(answer.ExitCode == 0 ? "does not list its packages" : answer.Describe())}.", "Verify the environment: its check says what is wrong.", python);
    }

    private static string Clean(string text) => PlainText.Clean(text.Length <= LongestWord ? text : text[..LongestWord]);
}
