namespace Beep.Host.Hosting;

/// <summary>Private files that are there whole or not at all, however the process ends.</summary>
internal static class AtomicFile
{
    private const string Partial = ".partial";

    /// <summary>Puts a file in the place of the one of that name: written beside it, flushed to the disk, renamed.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var folder = Path.GetDirectoryName(path)!;
        PrivateFiles.CreateFolder(folder);
        var fresh = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}{Partial}");
        try
        {
            using (var stream = PrivateFiles.Open(fresh, FileMode.CreateNew, FileShare.None))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
    }

    /// <summary>Removes a file, and what a killed process left of it; nothing where there is none.</summary>
    public static void Delete(string path)
    {
        DeletePartials(path);
        if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            File.Delete(path);
        }
    }

    /// <summary>Removes what a killed process left beside a file.</summary>
    public static void DeletePartials(string path)
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(path)!);
        foreach (var rest in folder.Exists ? folder.EnumerateFiles($".{Path.GetFileName(path)}.*{Partial}") : [])
        {
            rest.Delete();
        }
    }
}
