namespace Beep.Host.Hosting.Gpus;

/// <summary>A GPU as its own tool describes it now.</summary>
/// <param name="Index">Its number on this machine, by which a job names it.</param>
/// <param name="Name">As its maker calls it.</param>
/// <param name="Load">Share of time in use, 0 to 1; null where it does not tell.</param>
/// <param name="UsedBytes">Memory in use.</param>
/// <param name="TotalBytes">Memory that it has.</param>
internal sealed record GpuReading(int Index, string Name, double? Load, long UsedBytes, long TotalBytes)
{
    public long FreeBytes => Math.Max(0, TotalBytes - UsedBytes);
}
