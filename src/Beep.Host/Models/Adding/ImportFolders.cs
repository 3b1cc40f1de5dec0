using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Models.Adding;

/// <summary>Which folders of the server models may come from over HTTP: those of the setting, whichever way a path or a link tries to leave them.</summary>
internal sealed class ImportFolders(HostOptions options)
{
    /// <summary>The real folder of a path.</summary>
    /// <exception cref="HttpFaultException">403: it does not lie in one of them, or nothing does; the same answer whether or not it is there.</exception>
    public string Require(string path)
    {
        if (!Path.IsPathFullyQualified(path) || path.Contains('\0', StringComparison.Ordinal))
        {
            throw HttpFaultException.Invalid("bad_folder", "The folder is not a whole path.", "Write the whole path of a folder on the server.", "folder");
        }

        var folder = RealPath.Of(path);
        var roots = options.ImportFolders.Select(RealPath.Of).OfType<string>().ToList();
        if (folder is null || !Directory.Exists(folder) || !roots.Exists(root => RealPath.IsIn(folder, root)))
        {
            throw Refused();
        }

        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(file => ModelFiles.IsTaken(file.Name) && file.LinkTarget is not null))
        {
            if (RealPath.Of(file.FullName) is not { } target || !roots.Exists(root => RealPath.IsIn(target, root)))
            {
                throw Refused();
            }
        }

        return folder;
    }

    private static HttpFaultException Refused() => HttpFaultException.Forbidden(
        "folder_not_allowed", "Models cannot be imported from this folder.", "Put the model into one of the folders of IMPORT_FOLDERS; an administrator sets them, or imports with the command line.");
}
