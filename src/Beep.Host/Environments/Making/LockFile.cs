using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Beep.Contracts;

namespace Beep.Host.Environments.Making;

/// <summary>A package as a lock demands it.</summary>
/// <param name="Name">Normalised: small letters with hyphens.</param>
/// <param name="Version">The exact one.</param>
/// <param name="Sha256">Of every file that may be installed for it; never empty.</param>
internal sealed record LockedPackage(string Name, string Version, IReadOnlyList<string> Sha256);

/// <summary>
/// Which packages an environment consists of, each with the SHA-256 of its wheel: the requirements format of pip, and nothing of it but
/// <c>name==version --hash=sha256:…</c>. An option, an address or a path would let the file say where packages come from.
/// </summary>
internal sealed partial record LockFile(IReadOnlyList<LockedPackage> Packages)
{
    public const int MostBytes = 512 << 10;

    private const int MostPackages = 2000;
    private const string Remedy = "Write lines of name==version --hash=sha256:…, as 'pip-compile --generate-hashes' and 'uv pip compile --generate-hashes' do.";

    /// <param name="text">The file.</param>
    /// <param name="mayLackHashes">Whether hashes are still to be measured.</param>
    /// <exception cref="FaultException">It is none; the first ten faults.</exception>
    public static LockFile Parse(string text, bool mayLackHashes = false)
    {
        List<Fault> faults = [];
        Dictionary<string, LockedPackage> packages = new(StringComparer.Ordinal);
        foreach (var (line, number) in Join(text))
        {
            if (Requirement().Match(line) is not { Success: true } match || (match.Groups["hash"].Captures.Count == 0 && !mayLackHashes))
            {
                faults.Add(new Fault("bad_lock", $"'{Cut(line)}' is not a package with its hashes.", Remedy, $"lock:{number}"));
            }
            else if (!packages.TryAdd(Normalise(match.Groups["name"].Value), new LockedPackage(Normalise(match.Groups["name"].Value), match.Groups["version"].Value, [.. match.Groups["hash"].Captures.Select(hash => hash.Value.ToLowerInvariant())])))
            {
                faults.Add(new Fault("bad_lock", $"'{Cut(match.Groups["name"].Value)}' stands there twice.", "Keep one of its lines.", $"lock:{number}"));
            }
        }

        if (faults.Count == 0 && packages.Count is 0 or > MostPackages)
        {
            faults.Add(new Fault("bad_lock", packages.Count == 0 ? "The lock names no package." : $"The lock names more than {MostPackages} packages.", Remedy, "lock"));
        }

        return faults.Count > 0 ? throw new FaultException(WorkerExitCode.Invalid, [.. faults.Take(10)]) : new LockFile([.. packages.Values.OrderBy(package => package.Name, StringComparer.Ordinal)]);
    }

    /// <summary>Small letters with hyphens, as an index has them.</summary>
    public static string Normalise(string name) => Separators().Replace(name, "-").ToLowerInvariant();

    /// <summary>As it is stored and handed to an installer.</summary>
    public string Write() => Write(Packages);

    /// <summary>SHA-256 of <see cref="Write()"/>.</summary>
    public string Sha256() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Write())));

    /// <summary>A lock of some of the packages.</summary>
    public static string Write(IEnumerable<LockedPackage> packages)
    {
        var text = new StringBuilder("# Every package with the SHA-256 of the files that may be installed for it.\n");
        foreach (var package in packages)
        {
            text.Append(package.Name).Append("==").Append(package.Version);
            foreach (var hash in package.Sha256)
            {
                text.Append(" \\\n    --hash=sha256:").Append(hash);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Lines without comments, those that end in a backslash joined with the next, each with the number of its first.</summary>
    private static IEnumerable<(string Line, int Number)> Join(string text)
    {
        var line = new StringBuilder();
        var (number, begun) = (0, 0);
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var part = Comment().Replace(raw.TrimEnd('\r'), "").Trim();
            begun = line.Length == 0 ? number : begun;
            if (part.EndsWith('\\'))
            {
                line.Append(part[..^1]).Append(' ');
                continue;
            }

            line.Append(part);
            if (line.ToString().Trim() is { Length: > 0 } whole)
            {
                yield return (whole, begun);
            }

            line.Clear();
        }

        if (line.ToString().Trim() is { Length: > 0 } last)
        {
            yield return (last, begun);
        }
    }

    private static string Cut(string text) => text.Length <= 100 ? text : $"{text[..100]}…";

    [GeneratedRegex(@"\A(?<name>[A-Za-z0-9]([A-Za-z0-9._-]{0,100}[A-Za-z0-9])?)(\[[A-Za-z0-9,._ -]*\])?\s*==\s*(?<version>[A-Za-z0-9][A-Za-z0-9.!+_-]{0,100})(\s+--hash[=\s]sha256:(?<hash>[0-9A-Fa-f]{64}))*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Requirement();

    [GeneratedRegex(@"(^|\s)#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex("[-_.]+")]
    private static partial Regex Separators();
}
