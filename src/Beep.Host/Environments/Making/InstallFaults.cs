using Beep.Contracts;

namespace Beep.Host.Environments.Making;

/// <summary>Why an installer failed, from what it printed last.</summary>
internal static class InstallFaults
{
    // What pip and uv print, in the order in which it is looked for: the first is the cause, what follows comes of it.
    private static readonly (string Words, string Code, string Remedy)[] Known =
    [
        ("DO NOT MATCH THE HASHES", "hash_mismatch", "Somebody changed the file, or the lock is of another one: compare both with where they came from."),
        ("Hash mismatch", "hash_mismatch", "Somebody changed the file, or the lock is of another one: compare both with where they came from."),
        ("outside the target directory", "hostile_wheel", "Do not use this wheel."),
        ("outside of the target directory", "hostile_wheel", "Do not use this wheel."),
        ("trying to install outside", "hostile_wheel", "Do not use this wheel."),
        ("No space left on device", "disk_full", "Free space on the disk of the home, or move the home to a larger one."),
        ("not enough space on the disk", "disk_full", "Free space on the disk of the home, or move the home to a larger one."),
        ("No matching distribution found", "package_missing", "Put a wheel of it, made for this Python and system, into the folder or the index."),
        ("Could not find a version", "package_missing", "Put a wheel of it, made for this Python and system, into the folder or the index."),
        ("No solution found", "package_missing", "Put wheels that fit together, made for this Python and system, into the folder or the index."),
        ("was not found in the provided package locations", "package_missing", "Put a wheel of it, made for this Python and system, into the folder."),
        ("ResolutionImpossible", "packages_disagree", "Use the versions of the requirements that ship, or give a lock that fits together."),
        ("401 Client Error", "index_refused", "Check PYTHON_INDEX_LOGIN."),
        ("401 Unauthorized", "index_refused", "Check PYTHON_INDEX_LOGIN."),
        ("403 Client Error", "index_refused", "Check PYTHON_INDEX_LOGIN, and what its user may read."),
        ("403 Forbidden", "index_refused", "Check PYTHON_INDEX_LOGIN, and what its user may read."),
        ("Permission denied", "unwritable", "Correct the rights of the home."),
        ("Read-only file system", "unwritable", "Move the home to a disk that can be written."),
        ("CERTIFICATE_VERIFY_FAILED", "index_not_trusted", "Give the server your organisation's certificates by SSL_CERT_FILE."),
        ("Connection refused", "index_unreachable", "Check the address of the index and the network, or use a folder of wheels."),
        ("Failed to establish a new connection", "index_unreachable", "Check the address of the index and the network, or use a folder of wheels."),
        ("Name or service not known", "index_unreachable", "Check the address of the index and the network, or use a folder of wheels."),
        ("Failed to fetch", "index_unreachable", "Check the address of the index and the network, or use a folder of wheels."),
    ];

    /// <summary>The fault of a program that ended with another code than 0.</summary>
    /// <param name="what">What it was to do, as the beginning of a sentence.</param>
    /// <param name="lines">What it printed last, oldest first.</param>
    public static FaultException Of(string what, IReadOnlyList<string> lines)
    {
        foreach (var (words, code, remedy) in Known)
        {
            if (lines.FirstOrDefault(line => line.Contains(words, StringComparison.OrdinalIgnoreCase)) is { } line)
            {
                return FaultException.Failed(code, $"{what}: {Shorten(line)}", remedy);
            }
        }

        var said = lines.LastOrDefault(line => line.StartsWith("ERROR:", StringComparison.Ordinal)) ?? lines.LastOrDefault(line => !line.StartsWith("== ", StringComparison.Ordinal) && !line.StartsWith("$ ", StringComparison.Ordinal));
        return FaultException.Failed("install_failed", $"{what}: {Shorten(said ?? "it did not say why")}", "The log of the task says more.");
    }

    private static string Shorten(string line)
    {
        var text = line.StartsWith("ERROR:", StringComparison.Ordinal) ? line["ERROR:".Length..].Trim() : line;
        return text.Length <= 500 ? text : $"{text[..500]}…";
    }
}
