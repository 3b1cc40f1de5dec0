namespace Beep.Host.Hosting;

/// <summary>What this machine has.</summary>
/// <param name="MemoryBytes">Memory that this process may use, a container's limit respected.</param>
/// <param name="FreeMemoryBytes">What of it is free now; null where the system does not tell.</param>
/// <param name="FreeDisk">Free bytes on the disk of a path; null where the system does not tell.</param>
internal sealed record Machine(long MemoryBytes, long? FreeMemoryBytes, Func<string, long?> FreeDisk)
{
    /// <summary>What has the memory, as the subject of a sentence.</summary>
    public string Device { get; init; } = "this machine";

    /// <summary>Whether it is known how much memory that is.</summary>
    public bool IsKnown { get; init; } = true;

    private const string MemoryInfo = "/proc/meminfo";
    private const string AvailableKey = "MemAvailable:";
    private const long BytesPerKibibyte = 1024;

    /// <summary>The machine that this process runs on.</summary>
    public static Machine Current() => new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, ReadFreeMemory(), ReadFreeDisk);

    private static long? ReadFreeMemory()
    {
        if (!File.Exists(MemoryInfo))
        {
            return null;
        }

        var line = File.ReadLines(MemoryInfo).FirstOrDefault(text => text.StartsWith(AvailableKey, StringComparison.Ordinal));
        var figure = line?[AvailableKey.Length..].Trim().Split(' ')[0];
        return long.TryParse(figure, out var kibibytes) ? kibibytes * BytesPerKibibyte : null;
    }

    private static long? ReadFreeDisk(string path)
    {
        try
        {
            var folder = new DirectoryInfo(Path.GetFullPath(path));
            while (!folder.Exists && folder.Parent is { } parent)
            {
                folder = parent;
            }

            return new DriveInfo(folder.FullName).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
