namespace Beep.Host.Tasks;

/// <summary>What a task needs of the GPUs that it gets, besides their number.</summary>
/// <param name="Devices">Which ones, by their numbers; null where any will do.</param>
/// <param name="FreeBytes">How much memory must be free on each, whoever uses the rest; null where nobody knows.</param>
internal sealed record GpuNeed(IReadOnlyList<int>? Devices, long? FreeBytes);
