namespace Beep.Host.Hosting.Processes;

/// <summary>Finds programs of this machine.</summary>
internal static class Programs
{
    /// <summary>Where a program is on the PATH; null where it is not.</summary>
    public static string? Find(string name)
    {
        var endings = OperatingSystem.IsWindows() ? new[] { ".exe", ".cmd", ".bat" } : [""];
        return (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                where Path.IsPathFullyQualified(folder)
                from ending in endings
                let path = Path.Combine(folder, name + ending)
                where File.Exists(path)
                select path).FirstOrDefault();
    }
}
