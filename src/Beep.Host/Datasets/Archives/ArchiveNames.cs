using Beep.Host.Datasets.Files;

namespace Beep.Host.Datasets.Archives;

/// <summary>The names in an archive: none becomes part of a path, and an archive with one that could harm is refused whole.</summary>
internal sealed class ArchiveNames
{
    private readonly HashSet<string> _seen = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Looks at the next name; the end of the file of rows that it is, or null for what is passed over.</summary>
    public string? Accept(string name, bool isFolder)
    {
        if (_seen.Count >= ArchiveLimits.Entries)
        {
            throw ArchiveFaults.TooManyEntries();
        }

        if (name.Contains('\\', StringComparison.Ordinal))
        {
            throw ArchiveFaults.Unsafe(name, "whose name has a backslash");
        }

        if (name.StartsWith('/') || (name.Length > 1 && name[1] == ':'))
        {
            throw ArchiveFaults.Unsafe(name, "whose name begins at a root");
        }

        var parts = name.TrimEnd('/').Split('/');
        if (parts.Contains(".."))
        {
            throw ArchiveFaults.Unsafe(name, "whose name leads out of the archive");
        }

        if (name.Length == 0 || name.Any(char.IsControl))
        {
            throw ArchiveFaults.Unsafe(name, "whose name is none");
        }

        if (!_seen.Add(string.Join('/', parts.Where(part => part is not ("" or ".")))))
        {
            throw ArchiveFaults.Duplicate(name);
        }

        // What some systems add beside each file.
        if (isFolder || parts[0] == "__MACOSX" || parts[^1].StartsWith('.'))
        {
            return null;
        }

        return SourceKind.IsPacked(name) ? throw ArchiveFaults.Nested(name) : SourceKind.RowEnd(name);
    }
}
