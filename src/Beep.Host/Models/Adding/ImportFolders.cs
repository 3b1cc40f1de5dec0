using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Models.Adding;

/// <summary>Which folders of the server models may come from over HTTP: those of the setting, whichever way a path or a link tries to leave them.</summary>
internal sealed class ImportFolders(HostOptions options)
{
    private const int MostLinks = 40;

    /// <summary>The real folder of a path.</summary>
    /// <exception cref="HttpFaultException">403: it does not lie in one of them, or nothing does; the same answer whether or not it is there.</exception>
    public string Require(string path)
    {
        if (!Path.IsPathFullyQualified(path) || path.Contains('\0', StringComparison.Ordinal))
        {
            throw HttpFaultException.Invalid("bad_folder", "The folder is not a whole path.", "Write the whole path of a folder on the server.", "folder");
        }

        var folder = Real(path);
        var roots = options.ImportFolders.Select(Real).OfType<string>().ToList();
        if (folder is null || !Directory.Exists(folder) || !roots.Exists(root => IsIn(folder, root)))
        {
            throw Refused();
        }

        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(file => ModelFiles.IsTaken(file.Name) && file.LinkTarget is not null))
        {
            if (Real(file.FullName) is not { } target || !roots.Exists(root => IsIn(target, root)))
            {
                throw Refused();
            }
        }

        return folder;
    }

    private static bool IsIn(string path, string root) => path == root || path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>Without any link in it; null where one leads in circles or to nothing.</summary>
    private static string? Real(string path)
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

    private static HttpFaultException Refused() => HttpFaultException.Forbidden(
        "folder_not_allowed", "Models cannot be imported from this folder.", "Put the model into one of the folders of IMPORT_FOLDERS; an administrator sets them, or imports with the command line.");
}
