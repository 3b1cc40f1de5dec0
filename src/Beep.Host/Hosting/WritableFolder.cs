namespace Beep.Host.Hosting;

/// <summary>Whether a folder can be written, found by trying.</summary>
internal static class WritableFolder
{
    /// <summary>Tries in the folder itself, or in the nearest one above it that exists, and removes the trace; null when it works, else the reason.</summary>
    public static string? Probe(string path)
    {
        var folder = new DirectoryInfo(path);
        while (!folder.Exists && folder.Parent is { } parent)
        {
            if (File.Exists(folder.FullName))
            {
                return $"'{folder.FullName}' is a file.";
            }

            folder = parent;
        }

        var probe = Path.Combine(folder.FullName, $".beep-probe-{Environment.ProcessId}-{Guid.NewGuid():N}");
        try
        {
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
                return null;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }
}
