using System.Globalization;

namespace Beep.Host.Tasks;

/// <summary>What a task takes of a machine while it runs.</summary>
internal static class ResourceClass
{
    /// <summary>It waits for disks and networks.</summary>
    public const string Io = "io";

    /// <summary>It computes.</summary>
    public const string Cpu = "cpu";

    /// <summary>Its work goes on elsewhere, on a cluster; hosts only watch it, and leave it alone when they end.</summary>
    public const string Remote = "remote";

    private const string GpuPrefix = "gpu:";

    /// <summary>It needs so many GPUs for itself.</summary>
    public static string Gpu(int count) => string.Create(CultureInfo.InvariantCulture, $"{GpuPrefix}{count}");

    /// <summary>How many GPUs a class needs; 0 for the others.</summary>
    public static int GpusOf(string resourceClass) =>
        resourceClass.StartsWith(GpuPrefix, StringComparison.Ordinal) && int.TryParse(resourceClass.AsSpan(GpuPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    public static bool IsKnown(string resourceClass) => resourceClass is Io or Cpu or Remote || (GpusOf(resourceClass) is > 0 and var count && resourceClass == Gpu(count));
}
