using Beep.Host.Monitoring;

namespace Beep.Host.Tests.Monitoring;

public sealed class GpuReadingTests
{
    [Fact]
    public void Parse_LinesOfTheTool_AreReadAndOthersLeftOut()
    {
        var gpus = GpuReading.Parse("0, NVIDIA H200, 37, 1024, 143771\n1, NVIDIA A2, [N/A], 0, 15356\nNo devices were found\n");
        Assert.Equal(
            [new GpuReading(0, "NVIDIA H200", 0.37, 1024L << 20, 143771L << 20), new GpuReading(1, "NVIDIA A2", null, 0, 15356L << 20)],
            gpus);
    }
}
