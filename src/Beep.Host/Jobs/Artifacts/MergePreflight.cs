using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>What a merge needs, looked at before it is begun.</summary>
internal static class MergePreflight
{
    // Beside the weights: the tokenizer, the configuration, and what a file system needs for itself.
    private const long Spare = 16L << 20;

    /// <summary>The base model's folder and the adapter's.</summary>
    /// <exception cref="HttpFaultException">Something is missing, or the disk is too full.</exception>
    public static (string Base, string Adapter) Require(HostPaths paths, ArtifactStore store, string jobId)
    {
        var folder = new JobFolder(paths.Job(jobId));
        if (store.Find(jobId, ArtifactService.Adapter) is not { } adapter || !File.Exists(folder.Spec))
        {
            throw HttpFaultException.Conflict("no_adapter", $"The job '{jobId}' has no adapter.", "Merge a job that has succeeded with method lora.");
        }

        if (store.Find(jobId, ArtifactService.Merged) is not null)
        {
            throw HttpFaultException.Conflict("already_merged", $"The job '{jobId}' has a merged model.", "Download it from its artifacts.");
        }

        var model = SpecReader.Read(folder.Spec).Model.Path;
        if (!Directory.Exists(model))
        {
            throw HttpFaultException.Conflict("base_missing", "The base model of the job is not there any more.", "Import or download it again.");
        }

        RequireRoom(folder.Root, WeightsOf(model) + Spare);
        return (model, adapter.Path);
    }

    private static void RequireRoom(string path, long needed)
    {
        var free = new DriveInfo(MountOf(path)).AvailableFreeSpace;
        if (free < needed)
        {
            throw new HttpFaultException(StatusCodes.Status507InsufficientStorage, new Fault("disk_full",
                $"The merged model takes {Units.Bytes(needed)}, and {Units.Bytes(free)} are free.", "Free space on the disk of the home."));
        }
    }

    /// <summary>On Unix the nearest mount above; on Windows the drive.</summary>
    private static string MountOf(string path) => OperatingSystem.IsWindows()
        ? Path.GetPathRoot(path)!
        : DriveInfo.GetDrives().Select(drive => drive.Name).Where(name => name == "/" || path == name || path.StartsWith(name + "/", StringComparison.Ordinal)).MaxBy(name => name.Length) ?? "/";

    private static long WeightsOf(string model) =>
        new DirectoryInfo(model).EnumerateFiles("*.safetensors", new EnumerationOptions()).Sum(file => file.Length);
}
