using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Executors.Slurm;

namespace Beep.Host.Doctor;

/// <summary>Whether the cluster answers, and whether its nodes can see the home. Nothing is submitted.</summary>
internal static class ClusterCheck
{
    private const string Name = "Slurm";
    private const string HomeName = "Cluster";

    // Of one machine alone, unless it exports them, which nobody can see from here.
    private static readonly HashSet<string> Local = new(StringComparer.OrdinalIgnoreCase) { "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "tmpfs", "ramfs", "overlay", "overlayfs", "f2fs", "jfs", "reiserfs", "apfs", "hfs" };

    public static async Task<IReadOnlyList<DoctorFinding>> RunAsync(HostOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!options.Slurm.IsOn)
        {
            return [];
        }

        using var cluster = new SlurmCluster(new SlurmCommands(options.Slurm), options.Slurm, time);
        return [await AskAsync(cluster, cancellationToken).ConfigureAwait(false), Home(options)];
    }

    private static async Task<DoctorFinding> AskAsync(SlurmCluster cluster, CancellationToken cancellationToken)
    {
        var version = await cluster.VersionAsync(cancellationToken).ConfigureAwait(false) ?? "commands without a version";
        var facts = await cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (facts.Fault is { } fault)
        {
            return DoctorFinding.Fail(Name, $"{version}, but the cluster does not answer: {fault}", $"See that munged runs here with the cluster's key and that slurm.conf is the cluster's; {SettingKeys.SlurmConf.Name} names another one.");
        }

        var missing = (cluster.Options.Partition?.Split(',') ?? []).Concat(cluster.Options.Partitions).Except(facts.Partitions.Select(partition => partition.Name)).Distinct().ToList();
        return missing.Count > 0 ? DoctorFinding.Fail(Name, $"{version}, but there is no partition '{string.Join("', '", missing)}'", $"Correct {SettingKeys.SlurmPartition.Name} and {SettingKeys.SlurmPartitions.Name}.")
            : facts.Partitions.Count == 0 ? DoctorFinding.Fail(Name, $"{version}, but there is no partition for this user", "Ask who runs the cluster.")
            : DoctorFinding.Ok(Name, $"{version}; partitions {string.Join(", ", facts.Partitions.Select(partition => partition.Name + (partition.IsUp ? "" : " (down)")))}");
    }

    private static DoctorFinding Home(HostOptions options)
    {
        var home = options.Paths.Home;
        string kind;
        try
        {
            kind = DriveInfo.GetDrives().Where(drive => (home + Path.DirectorySeparatorChar).StartsWith(drive.Name.EndsWith(Path.DirectorySeparatorChar) ? drive.Name : drive.Name + Path.DirectorySeparatorChar, StringComparison.Ordinal)).MaxBy(drive => drive.Name.Length)?.DriveFormat ?? "an unknown file system";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            kind = "an unknown file system";
        }

        return Local.Contains(kind)
            ? DoctorFinding.Warn(HomeName, $"the home '{home}' lies on {kind}, a disk of this machine", "Every node must see it at this path, and the program too: put both on a shared file system, unless this machine is the only node or exports it.")
            : DoctorFinding.Ok(HomeName, $"the home lies on {kind}, which nodes may share; they must see it, and the program, at the same paths");
    }
}
