using System.Security.Cryptography;
using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Environments.Making;

/// <summary>Hashes of the wheels in a folder, measured here; those of an index are the index's own.</summary>
internal static class WheelHashes
{
    private const string Ending = ".whl";
    private const int MostWheels = 10_000;

    /// <summary>A lock of what an installer has chosen.</summary>
    /// <exception cref="FaultException">A package has no hash that it could be held against.</exception>
    public static LockFile Complete(PackageSource source, IReadOnlyList<LockedPackage> chosen)
    {
        var packages = source.Wheelhouse is { } folder ? Measure(folder, chosen) : chosen;
        return packages.FirstOrDefault(package => package.Sha256.Count == 0) is { } bare
            ? throw FaultException.Failed("no_hash", $"The index gives no SHA-256 for {bare.Name} {bare.Version}.", "Use another index, a folder of wheels, or a lock file of your own.")
            : LockFile.Parse(LockFile.Write(packages));
    }

    /// <summary>How large the wheels of a lock are, where they lie in a folder.</summary>
    public static long BytesIn(string folder, LockFile packages)
    {
        var wanted = packages.Packages.Select(package => (package.Name, package.Version)).ToHashSet();
        return WheelsIn(folder).Where(wheel => wanted.Contains((wheel.Name, wheel.Version))).Sum(wheel => new FileInfo(wheel.Path).Length);
    }

    private static List<LockedPackage> Measure(string folder, IReadOnlyList<LockedPackage> chosen)
    {
        var wheels = WheelsIn(folder).ToLookup(wheel => (wheel.Name, wheel.Version), wheel => wheel.Path);
        return [.. chosen.Select(package => wheels[(package.Name, package.Version)].Select(Hash).Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } measured ? package with { Sha256 = measured } : package)];
    }

    private static IEnumerable<(string Name, string Version, string Path)> WheelsIn(string folder)
    {
        var root = RealPath.Of(folder) ?? folder;
        // name-version(-build)-python-abi-platform.whl
        return from file in new DirectoryInfo(root).EnumerateFiles($"*{Ending}").Take(MostWheels)
               where file.Name.EndsWith(Ending, StringComparison.Ordinal) && (file.LinkTarget is null || (RealPath.Of(file.FullName) is { } target && RealPath.IsIn(target, root)))
               let parts = file.Name[..^Ending.Length].Split('-')
               where parts.Length is 5 or 6
               select (LockFile.Normalise(parts[0]), parts[1], file.FullName);
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
