namespace Beep.Host.Hosting;

/// <summary>Where paths really lead: a path that begins with a folder's may leave it by a link.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>Without any link in it; null where one leads in circles or cannot be read. What is not there is taken as it is written.</summary>
    public static string? Of(string path)
    {
        var rest = new Stack<string>(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        var root = Path.GetPathRoot(Path.GetFullPath(path))!;
        if (OperatingSystem.IsWindows() && rest.Count > 0)
        {
            rest.Pop();
        }

        var real = root;
        var links = 0;
        while (rest.TryPop(out var part))
        {
            var here = Path.Combine(real, part);
            try
            {
                if (new FileInfo(here).LinkTarget is not { } target)
                {
                    real = here;
                    continue;
                }

                if (++links > MostLinks)
                {
                    return null;
                }

                var there = Path.GetFullPath(target, real);
                foreach (var each in there[Path.GetPathRoot(there)!.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    rest.Push(each);
                }

                real = Path.GetPathRoot(there)!;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        return real;
    }

    /// <summary>Whether a real path is a real folder or lies in it.</summary>
    public static bool IsIn(string path, string folder) => path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
