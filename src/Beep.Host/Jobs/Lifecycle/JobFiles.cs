using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Lifecycle;

/// <summary>What the host does with the files of a job folder.</summary>
internal static class JobFiles
{
    private const string TrashPrefix = ".trash-";

    /// <summary>Writes the spec of a job that is about to be queued; one that is there already stays.</summary>
    public static void WriteSpec(JobFolder folder, JobSpec spec)
    {
        PrivateFiles.CreateFolder(folder.Root);
        if (!File.Exists(folder.Spec))
        {
            SpecWriter.Write(folder, spec);
        }
    }

    /// <summary>
    /// Puts aside what a former run left, so that the next begins from nothing; its events stay, since their numbers go on. Dispose
    /// removes it for good; <see cref="PutAside.Restore"/> brings it back.
    /// </summary>
    public static PutAside ClearForRestart(JobFolder folder)
    {
        var trash = Path.Combine(folder.Root, TrashPrefix + PublicId.New());
        PrivateFiles.CreateFolder(trash);
        var aside = new PutAside(folder.Root, trash);
        foreach (var name in new[] { folder.Checkpoints, folder.Artifacts, folder.Exit })
        {
            aside.Take(name);
        }

        return aside;
    }

    /// <summary>Removes a job folder whole, or all but the artifacts of these names.</summary>
    public static void Remove(JobFolder folder, IReadOnlyCollection<string> keep)
    {
        if (!Directory.Exists(folder.Root))
        {
            return;
        }

        if (keep.Count == 0)
        {
            // Renamed first: what cannot be removed now is not a job folder any more.
            var trash = Path.Combine(Path.GetDirectoryName(folder.Root)!, $"{TrashPrefix}{Path.GetFileName(folder.Root)}-{PublicId.New()}");
            Directory.Move(folder.Root, trash);
            Directory.Delete(trash, recursive: true);
            return;
        }

        foreach (var entry in new DirectoryInfo(folder.Root).EnumerateFileSystemInfos().Where(entry => entry.FullName != folder.Artifacts))
        {
            Delete(entry);
        }

        foreach (var entry in Directory.Exists(folder.Artifacts) ? new DirectoryInfo(folder.Artifacts).EnumerateFileSystemInfos() : [])
        {
            if (!keep.Contains(entry.Name))
            {
                Delete(entry);
            }
        }
    }

    public static bool IsTrash(string path) => Path.GetFileName(path).StartsWith(TrashPrefix, StringComparison.Ordinal);

    /// <summary>The bytes of a file, or of a folder with all that is in it; links are not followed.</summary>
    public static long SizeOf(string path) => File.Exists(path)
        ? new FileInfo(path).Length
        : Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", AllButLinks).Sum(file => file.Length) : 0;

    private static EnumerationOptions AllButLinks { get; } = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    private static void Delete(FileSystemInfo entry)
    {
        if (entry is DirectoryInfo { LinkTarget: null } folder)
        {
            folder.Delete(recursive: true);
        }
        else
        {
            entry.Delete();
        }
    }
}

/// <summary>What was put aside, and may come back.</summary>
internal sealed class PutAside(string root, string trash) : IDisposable
{
    private readonly List<string> _names = [];

    public void Take(string path)
    {
        var name = Path.GetFileName(path);
        if (Path.Exists(path))
        {
            Directory.Move(path, Path.Combine(trash, name));
            _names.Add(name);
        }
    }

    public void Restore()
    {
        foreach (var name in _names)
        {
            Directory.Move(Path.Combine(trash, name), Path.Combine(root, name));
        }

        _names.Clear();
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(trash, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The clean-up comes by later.
        }
    }
}
