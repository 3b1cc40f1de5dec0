using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Models;

/// <summary>
/// The folders of models in the home. What is being added lies under <c>.incoming</c>, by the name that it will have, so that a broken
/// download goes on where it stopped; it becomes <c>publisher/name</c> by one rename when it is whole.
/// </summary>
internal sealed class ModelStore(HostPaths paths)
{
    private const string IncomingName = ".incoming";
    private const string RemovedName = ".removed";

    /// <summary>So much stays free, for the database and logs.</summary>
    private const long Reserve = 256L << 20;

    /// <summary>As <see cref="Model.Path"/> has it.</summary>
    public static string PathOf(string name) => $"models/{name}";

    public string Home => paths.Home;

    public string FolderOf(Model model) => Path.GetFullPath(model.Path, paths.Home);

    /// <summary>Whether the model's files go with it: not those that an administrator registered where they lie, nor those that a job keeps.</summary>
    public static bool IsOurs(Model model) => model.Path == PathOf(model.Name);

    /// <summary>Where a model's files are gathered; not made yet.</summary>
    public string IncomingOf(string name) => Path.Combine(paths.Models, IncomingName, name.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Makes the folder, private, and those above it.</summary>
    public string CreateIncoming(string name)
    {
        var folder = IncomingOf(name);
        foreach (var each in new[] { paths.Home, paths.Models, Path.Combine(paths.Models, IncomingName), Path.GetDirectoryName(folder)!, folder })
        {
            PrivateFiles.CreateFolder(each);
        }

        return folder;
    }

    /// <summary>Gives what was gathered its name.</summary>
    public void Settle(string incoming, string folder)
    {
        PrivateFiles.CreateFolder(paths.Models);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(folder)!);
        Directory.Move(incoming, folder);
        RemoveEmptyAbove(incoming);
    }

    /// <summary>Takes a model's files out of the way; what is returned puts them back, or removes them for good.</summary>
    public Condemned Condemn(Model model)
    {
        var folder = FolderOf(model);
        if (!IsOurs(model) || !Directory.Exists(folder))
        {
            return new Condemned(this, null, folder);
        }

        var place = Path.Combine(paths.Models, RemovedName, model.Id);
        PrivateFiles.CreateFolder(Path.GetDirectoryName(place)!);
        Directory.Move(folder, place);
        return new Condemned(this, place, folder);
    }

    public void DiscardIncoming(string name) => Discard(IncomingOf(name));

    /// <summary>Removes what a killed process was about to remove.</summary>
    public void Sweep() => Discard(Path.Combine(paths.Models, RemovedName));

    /// <summary>Refuses what would not fit.</summary>
    /// <exception cref="FaultException">The disk is too full.</exception>
    public void RequireSpace(long bytes, string name)
    {
        PrivateFiles.CreateFolder(paths.Home);
        PrivateFiles.CreateFolder(paths.Models);
        var free = new DriveInfo(Path.GetFullPath(paths.Models)).AvailableFreeSpace;
        if (bytes + Reserve > free)
        {
            throw new FaultException(WorkerExitCode.Failed, new Fault(
                DiskFull, $"'{name}' needs {Units.Bytes(bytes)}, and {Units.Bytes(free)} are free.", "Free space on the disk of the home, or move the home to a larger one.", "disk"));
        }
    }

    /// <summary>The code of the fault of a disk that is too small.</summary>
    public const string DiskFull = "disk_full";

    /// <summary>Removes a folder below that of the models, and those above it that are empty then.</summary>
    public void Discard(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        RemoveEmptyAbove(folder);
    }

    private void RemoveEmptyAbove(string folder)
    {
        for (var parent = new DirectoryInfo(folder).Parent!; parent.FullName.Length > paths.Models.Length; parent = parent.Parent!)
        {
            if (parent.Exists)
            {
                try
                {
                    parent.Delete();
                }
                catch (IOException)
                {
                    // Something else lies in it.
                    return;
                }
            }
        }
    }
}

/// <summary>A model's files, out of the way.</summary>
/// <param name="Store">Of all models.</param>
/// <param name="Place">Where they are; null when there are none.</param>
/// <param name="Folder">Where they were.</param>
internal sealed record Condemned(ModelStore Store, string? Place, string Folder)
{
    public void PutBack()
    {
        if (Place is not null)
        {
            Directory.Move(Place, Folder);
        }
    }

    public void Remove()
    {
        if (Place is not null)
        {
            Store.Discard(Place);
            Store.Discard(Folder);
        }
    }
}
