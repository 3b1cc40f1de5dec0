using Beep.Host.Hosting;
using Beep.Host.Hosting.Gpus;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>Says on what a run is going to be, with how much memory.</summary>
internal sealed class PlanDevices(GpuMonitor gpus)
{
    /// <summary>The memory of the machine, as plans name it.</summary>
    public const string MachineMemory = "memory";

    private const string Cluster = "a node of the cluster";

    /// <summary>The device, and what plans call it.</summary>
    public async Task<(Machine Machine, string Name)> FindAsync(Placement placement, CancellationToken cancellationToken)
    {
        var machine = Machine.Current();
        if (placement.Executor != Placement.Local)
        {
            return (machine with { MemoryBytes = long.MaxValue, FreeMemoryBytes = null, Device = Cluster, IsKnown = false }, Cluster);
        }

        if ((placement.Devices?.Count ?? placement.Gpus ?? 0) == 0)
        {
            return (machine, MachineMemory);
        }

        // Of several that train together the smallest says what fits; where any will do, the emptiest is taken.
        var readings = (await gpus.ReadAsync(cancellationToken).ConfigureAwait(false)).Where(gpu => placement.Devices?.Contains(gpu.Index) != false).OrderByDescending(gpu => gpu.FreeBytes).ToList();
        var wanted = Math.Min(readings.Count, placement.Devices?.Count ?? placement.Gpus ?? 1);
        return wanted > 0 && readings[wanted - 1] is { } gpu
            ? (machine with { MemoryBytes = gpu.TotalBytes, FreeMemoryBytes = gpu.FreeBytes, Device = $"GPU {gpu.Index} ({gpu.Name})" }, gpu.Name)
            : (machine with { MemoryBytes = long.MaxValue, FreeMemoryBytes = null, Device = "the GPU", IsKnown = false }, "GPU");
    }
}
