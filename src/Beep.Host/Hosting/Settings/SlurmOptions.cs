namespace Beep.Host.Hosting.Settings;

/// <summary>The cluster that jobs may run on, and what is asked of it where a job says nothing.</summary>
internal sealed record SlurmOptions
{
    /// <summary>Whether there is one.</summary>
    public bool IsOn { get; init; }

    public string? Partition { get; init; }

    /// <summary>The partitions that jobs may choose; empty for all.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = [];

    public string? Account { get; init; }

    public string? Qos { get; init; }

    /// <summary>The longest that a job may take, in minutes; null for the partition's own.</summary>
    public int? Minutes { get; init; }

    /// <summary>GPUs on every node, for backends that use them.</summary>
    public int? Gpus { get; init; }

    public int? Nodes { get; init; }

    /// <summary>Processors on every node; null for the cluster's own default, which is often one.</summary>
    public int? Cpus { get; init; }

    /// <summary>More options of sbatch, each checked by <see cref="SlurmWords.IsExtra"/>.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];

    /// <summary>Where the commands are; null for the PATH.</summary>
    public string? CommandFolder { get; init; }

    /// <summary>Another slurm.conf than the usual one.</summary>
    public string? Configuration { get; init; }

    /// <summary>How often the cluster is asked while a few jobs are on it.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(2);
}
