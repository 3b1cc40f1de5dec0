using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Environments;

/// <summary>
/// The folders of environments in the home, private. What is being made lies under <c>.incoming</c> by its id and becomes the name's by one
/// rename when it is whole and has run; what is being removed lies under <c>.removed</c>. Nothing here ever follows a link.
/// </summary>
internal sealed class EnvironmentFolders(HostPaths paths)
{
    private const string IncomingName = ".incoming";
    private const string RemovedName = ".removed";
    private const string LocksName = ".locks";

    /// <summary>So much stays free, for the database and logs.</summary>
    private const long Reserve = 256L << 20;

    /// <summary>The folders of wheels that everybody may use who makes environments.</summary>
    public string Wheelhouses => Path.Combine(paths.Home, "wheelhouses");

    /// <summary>As a row has it: from the home on.</summary>
    public static string PythonPathOf(string name) => $"environments/{name}/{EnvironmentFolder.PythonIn.Replace('\\', '/')}";

    /// <summary>The folder of a name; the name was checked.</summary>
    public EnvironmentFolder Of(string name)
    {
        var path = Path.GetFullPath(Path.Combine(paths.Environments, name));
        return EnvironmentName.IsOne(name) && Path.GetDirectoryName(path) == Path.GetFullPath(paths.Environments)
            ? new EnvironmentFolder(path)
            : throw new ArgumentException($"'{name}' is no name of an environment.", nameof(name));
    }

    public EnvironmentFolder IncomingOf(string id) => new(Path.Combine(Part(IncomingName), IdOf(id)));

    /// <summary>An empty folder to make an environment in; what a killed run left there is gone.</summary>
    public EnvironmentFolder CreateIncoming(string id)
    {
        var folder = IncomingOf(id);
        Discard(folder);
        foreach (var each in new[] { paths.Home, paths.Environments, Part(IncomingName), folder.Path })
        {
            PrivateFiles.CreateFolder(each);
        }

        RequireReal();
        return folder;
    }

    /// <summary>Gives what was made its name.</summary>
    public void Settle(EnvironmentFolder incoming, string name)
    {
        RequireReal();
        Directory.Move(incoming.Path, Of(name).Path);
        RemoveEmpty(IncomingName);
    }

    /// <summary>Puts what was made in the place of what is there.</summary>
    public void Replace(EnvironmentFolder incoming, string name, string id)
    {
        Condemn(name, id);
        Settle(incoming, name);
        DiscardCondemned(id);
    }

    /// <summary>Takes an environment out of the way; nothing where it is not there.</summary>
    public void Condemn(string name, string id)
    {
        var folder = Of(name);
        RequireReal();
        if (new DirectoryInfo(folder.Path).LinkTarget is not null)
        {
            throw FaultException.Failed("link_leads_out", $"'{folder.Path}' is a link, and not a folder of the host's.", "Remove the link by hand.", folder.Path);
        }

        if (Directory.Exists(folder.Path))
        {
            PrivateFiles.CreateFolder(Part(RemovedName));
            Directory.Move(folder.Path, CondemnedOf(id).Path);
        }
    }

    /// <summary>What was taken out of the way by a run that was killed before it put another in its place.</summary>
    public void PutBack(string name, string id)
    {
        if (!Directory.Exists(Of(name).Path) && CondemnedOf(id).IsOf(id))
        {
            Directory.Move(CondemnedOf(id).Path, Of(name).Path);
        }
    }

    public void DiscardCondemned(string id)
    {
        Discard(CondemnedOf(id));
        RemoveEmpty(RemovedName);
    }

    public void DiscardIncoming(string id)
    {
        Discard(IncomingOf(id));
        RemoveEmpty(IncomingName);
    }

    /// <summary>Refuses what would not fit.</summary>
    /// <exception cref="FaultException">The disk is too full.</exception>
    public void RequireSpace(long bytes)
    {
        PrivateFiles.CreateFolder(paths.Home);
        PrivateFiles.CreateFolder(paths.Environments);
        var free = new DriveInfo(Path.GetFullPath(paths.Environments)).AvailableFreeSpace;
        if (bytes + Reserve > free)
        {
            throw FaultException.Failed("disk_full", $"The environment needs about {Units.Bytes(bytes + Reserve)} of free space, and there are {Units.Bytes(free)}.", "Free space on the disk of the home, or move the home to a larger one.", "disk");
        }
    }

    /// <summary>The lock that somebody gave for an environment that is still to be made.</summary>
    public string GivenLockOf(string id) => Path.Combine(Part(LocksName), $"{IdOf(id)}.txt");

    public void DiscardGivenLock(string id)
    {
        AtomicFile.Delete(GivenLockOf(id));
        RemoveEmpty(LocksName);
    }

    /// <summary>Of which environments something lies that is on its way in or out.</summary>
    public IReadOnlyList<string> LeftIds()
    {
        RequireReal();
        return [.. from part in new[] { IncomingName, RemovedName, LocksName }
                   where Directory.Exists(Part(part))
                   from entry in Directory.EnumerateFileSystemEntries(Part(part))
                   let id = Path.GetFileNameWithoutExtension(entry)
                   where PublicId.IsOne(id)
                   select id];
    }

    private EnvironmentFolder CondemnedOf(string id) => new(Path.Combine(Part(RemovedName), IdOf(id)));

    private string Part(string name) => Path.Combine(paths.Environments, name);

    private static string IdOf(string id) => PublicId.IsOne(id) ? id : throw new ArgumentException($"'{id}' is no id.", nameof(id));

    /// <summary>The folders above are the host's own: a link in their place would have it write and remove elsewhere.</summary>
    private void RequireReal()
    {
        foreach (var folder in new[] { paths.Environments, Part(IncomingName), Part(RemovedName) }.Where(folder => new DirectoryInfo(folder).LinkTarget is not null))
        {
            throw FaultException.Failed("link_leads_out", $"'{folder}' is a link, and not a folder of the host's.", "Remove the link; to keep environments elsewhere, move the home.", folder);
        }
    }

    private void Discard(EnvironmentFolder folder)
    {
        RequireReal();
        var entry = new DirectoryInfo(folder.Path);
        if (entry.LinkTarget is not null)
        {
            entry.Delete();
        }
        else if (entry.Exists)
        {
            Unlock(entry);
            entry.Delete(recursive: true);
        }
    }

    /// <summary>A package may bring folders that cannot be emptied.</summary>
    private static void Unlock(DirectoryInfo folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var each in folder.EnumerateDirectories("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }))
        {
            if ((each.UnixFileMode & PrivateFiles.FolderMode) != PrivateFiles.FolderMode)
            {
                File.SetUnixFileMode(each.FullName, PrivateFiles.FolderMode);
            }
        }
    }

    private void RemoveEmpty(string name)
    {
        try
        {
            if (Directory.Exists(Part(name)))
            {
                Directory.Delete(Part(name));
            }
        }
        catch (IOException)
        {
            // Something else lies in it.
        }
    }
}
