using System.Globalization;
using System.Runtime.InteropServices;

namespace Beep.Host.Tasks;

/// <summary>How tasks are run.</summary>
internal sealed record TaskOptions
{
    /// <summary>How many tasks may wait for disks and networks at a time.</summary>
    public int IoSlots { get; init; } = 8;

    /// <summary>How many may compute at a time.</summary>
    public int CpuSlots { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>How many that go on elsewhere may be watched at a time.</summary>
    public int RemoteSlots { get; init; } = 256;

    /// <summary>The GPUs of this host that tasks get, by their numbers.</summary>
    public IReadOnlyList<int> Gpus { get; init; } = FindGpus();

    /// <summary>How long a host may be silent until another takes its tasks.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a host says that it is there.</summary>
    public TimeSpan Beat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the queue is looked at when nobody calls.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a child may take to stop when asked.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same while the host itself is being stopped.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a task whose child was started on another machine is left to the hosts of that machine.</summary>
    public TimeSpan OtherMachineGrace { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Progress is stored at most this often; a long task less often.</summary>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a task is begun before it fails because its hosts were lost.</summary>
    public int MostAttempts { get; init; } = 3;

    /// <summary>The largest log of a task.</summary>
    public long LogBytes { get; init; } = Hosting.Processes.OutputLog.MaxBytes;

    /// <summary>How long a finished task is kept.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often old tasks are removed.</summary>
    public TimeSpan CleanUpEvery { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Counts devices that drivers show, without asking any tool: the start does not wait for one.</summary>
    private static IReadOnlyList<int> FindGpus()
    {
        const string nvidia = "/proc/driver/nvidia/gpus";
        const string amd = "/sys/class/kfd/kfd/topology/nodes";
        var count = OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 1
            : Directory.Exists(nvidia) ? Directory.GetDirectories(nvidia).Length
            : Directory.Exists(amd) ? Directory.GetDirectories(amd).Count(IsAmdGpu)
            : 0;
        return [.. Enumerable.Range(0, count)];
    }

    /// <summary>Processors are nodes as well, without a GPU's number.</summary>
    private static bool IsAmdGpu(string node)
    {
        try
        {
            return File.ReadAllText(Path.Combine(node, "gpu_id")).Trim() is not ("" or "0");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"io {IoSlots}, cpu {CpuSlots}, gpu {Gpus.Count}");
}
