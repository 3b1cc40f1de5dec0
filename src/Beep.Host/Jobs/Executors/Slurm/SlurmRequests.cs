using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>What is asked of the cluster where a job leaves it out.</summary>
internal static class SlurmRequests
{
    /// <summary>The request with the server's settings where it says nothing.</summary>
    /// <param name="wanted">What the job says.</param>
    /// <param name="options">What the server says.</param>
    /// <param name="usesGpus">Whether the backend uses GPUs and several nodes: the settings for those do not hold for one that cannot.</param>
    public static SlurmRequest Complete(SlurmRequest? wanted, SlurmOptions options, bool usesGpus)
    {
        wanted ??= new SlurmRequest();
        return wanted with
        {
            Partition = wanted.Partition ?? options.Partition,
            Account = wanted.Account ?? options.Account,
            Qos = wanted.Qos ?? options.Qos,
            Minutes = wanted.Minutes ?? options.Minutes,
            Nodes = wanted.Nodes ?? (usesGpus ? options.Nodes : null),
            GpusPerNode = wanted.GpusPerNode ?? (usesGpus ? options.Gpus : null),
            CpusPerTask = wanted.CpusPerTask ?? options.Cpus,
        };
    }
}
