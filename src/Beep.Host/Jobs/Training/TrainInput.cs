using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Training;

/// <summary>What a task that trains is given.</summary>
/// <param name="Folder">The job folder, from the home on.</param>
/// <param name="JobId">The job whose run it is; null for a folder alone.</param>
/// <param name="Placement">Where it runs; null for the shipped trainer on this machine.</param>
/// <param name="GpuBytes">How much memory it takes of each GPU; null where it takes none, or nobody knows.</param>
internal sealed record TrainInput(string Folder, string? JobId = null, Placement? Placement = null, long? GpuBytes = null)
{
    private static readonly JsonSerializerOptions Written = new(TaskJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The task that trains a job folder of this home.</summary>
    public static NewTask TaskFor(HostPaths paths, JobFolder folder, string name, long? ownerId, string? jobId = null, Placement? placement = null, long? gpuBytes = null) => new(TrainHandler.KindName, name)
    {
        OwnerId = ownerId,
        ResourceClass = placement?.ResourceClass,
        Input = JsonSerializer.SerializeToNode(new TrainInput(NameOf(paths, folder), jobId, placement, gpuBytes), Written)!.AsObject(),
    };

    /// <summary>Whether a task is that of a job folder.</summary>
    public static bool IsFor(TaskRow task, HostPaths paths, JobFolder folder) =>
        task is { Kind: TrainHandler.KindName, Input: { } input } && JsonSerializer.Deserialize<TrainInput>(input, TaskJson.Options)?.Folder == NameOf(paths, folder);

    /// <summary>The folder that is meant.</summary>
    /// <exception cref="FaultException">It does not lie in the home, or holds no job.</exception>
    public JobFolder Resolve(HostPaths paths)
    {
        var home = Path.TrimEndingDirectorySeparator(Path.GetFullPath(paths.Home));
        if (string.IsNullOrWhiteSpace(Folder) || Folder.Contains('\0', StringComparison.Ordinal)
            || Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder, home)) is not { } full
            || !full.StartsWith(home + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || HasLink(full, home))
        {
            throw FaultException.Invalid("job_elsewhere", $"The job folder '{Folder}' does not lie in the home.", "Train folders elsewhere with beep train.", "folder");
        }

        var folder = new JobFolder(full);
        return File.Exists(folder.Spec)
            ? folder
            : throw FaultException.Invalid("job_not_found", $"There is no job in '{full}': it holds no spec.json.", "Make the job again.", "folder");
    }

    private static string NameOf(HostPaths paths, JobFolder folder) => Path.GetRelativePath(paths.Home, folder.Root).Replace('\\', '/');

    /// <summary>Whether the way from the home to the folder takes a turn; where the home itself lies is its owner's business.</summary>
    private static bool HasLink(string full, string home)
    {
        for (var part = full; part.Length > home.Length; part = Path.GetDirectoryName(part)!)
        {
            if (new DirectoryInfo(part).LinkTarget is not null)
            {
                return true;
            }
        }

        return false;
    }
}
