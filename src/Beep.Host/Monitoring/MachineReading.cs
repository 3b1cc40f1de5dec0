using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Monitoring;

/// <summary>What the machine has and how much of it is in use.</summary>
internal sealed record MachineReading
{
    public required DateTimeOffset At { get; init; }

    public required int Cores { get; init; }

    /// <summary>Share of all cores in use since the reading before, 0 to 1; null where the system does not tell.</summary>
    public double? Load { get; init; }

    public required long MemoryBytes { get; init; }

    public long? FreeMemoryBytes { get; init; }

    /// <summary>Of the disk that the home is on.</summary>
    public long? DiskBytes { get; init; }

    public long? FreeDiskBytes { get; init; }

    public IReadOnlyList<GpuReading> Gpus { get; init; } = [];
}
