using Beep.Host.Hosting;

namespace Beep.Host.Environments.Making;

/// <summary>How an environment differs from its lock.</summary>
/// <param name="Install">What is missing, of another version, or damaged.</param>
/// <param name="Surplus">What the lock does not name.</param>
internal sealed record EnvironmentDamage(IReadOnlyList<LockedPackage> Install, IReadOnlyList<string> Surplus)
{
    // They come with the environment itself.
    private static readonly HashSet<string> Tools = new(StringComparer.Ordinal) { "pip", "setuptools", "wheel" };

    public bool IsNone => Install.Count == 0 && Surplus.Count == 0;

    public static EnvironmentDamage Of(LockFile locked, IReadOnlyList<CheckedPackage> found)
    {
        var there = found.ToLookup(package => package.Name, StringComparer.Ordinal);
        var named = locked.Packages.Select(package => package.Name).ToHashSet(StringComparer.Ordinal);
        return new EnvironmentDamage(
            [.. locked.Packages.Where(package => there[package.Name].ToList() is not [{ Damaged: 0 } one] || !one.Version.Equals(package.Version, StringComparison.OrdinalIgnoreCase))],
            [.. there.Select(package => package.Key).Where(name => !named.Contains(name) && !Tools.Contains(name) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && !name.StartsWith('-')).Order(StringComparer.Ordinal)]);
    }

    public string Describe() => IsNone
        ? "nothing differs from the lock"
        : string.Join(", ", new[] { Install.Count > 0 ? $"{Units.Count(Install.Count, "package")} to install anew" : null, Surplus.Count > 0 ? $"{Units.Count(Surplus.Count, "package")} too many" : null }.OfType<string>());
}
