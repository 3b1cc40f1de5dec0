using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Tests.Hosting.Gpus;

/// <summary>What the tools of the makers print, as their documentation shows it.</summary>
public sealed class GpuToolTests
{
    [Fact]
    public void Nvidia_LinesOfTheTool_AreReadAndOthersLeftOut()
    {
        var gpus = new NvidiaTool().Parse("0, NVIDIA H200, 37, 1024, 143771\n1, NVIDIA A2, [N/A], 0, 15356\nNo devices were found\n");
        Assert.Equal(
            [new GpuReading(0, "NVIDIA H200", 0.37, 1024L << 20, 143771L << 20), new GpuReading(1, "NVIDIA A2", null, 0, 15356L << 20)],
            gpus);
    }

    [Fact]
    public void Amd_ObjectAfterWarnings_IsReadInOrder()
    {
        var gpus = new AmdTool().Parse("""
            WARNING: AMD GPU device(s) is/are in a low-power state.
            {"card1": {"GPU use (%)": "0", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10960896", "Card Series": "Instinct MI210"},
             "card0": {"GPU use (%)": "12", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "1096089600", "Card series": "Instinct MI210"},
             "system": {"Driver version": "6.7.0"}}
            """);
        Assert.Equal([new GpuReading(0, "Instinct MI210", 0.12, 1096089600, 68702699520), new GpuReading(1, "Instinct MI210", 0, 10960896, 68702699520)], gpus);
        Assert.Empty(new AmdTool().Parse("No AMD GPUs specified"));
    }

    [Fact]
    public void Apple_DisplayWithMetal_SharesTheMemoryOfTheMachine()
    {
        var gpu = Assert.Single(new AppleTool().Parse("""{"SPDisplaysDataType": [{"_name": "Apple M3 Max", "sppci_model": "Apple M3 Max", "spdisplays_mtlgpufamilysupport": "spdisplays_metal3"}]}"""));
        Assert.Equal((0, "Apple M3 Max"), (gpu.Index, gpu.Name));
        Assert.InRange(gpu.UsedBytes, 0, gpu.TotalBytes);
        Assert.Empty(new AppleTool().Parse("""{"SPDisplaysDataType": [{"_name": "Basic"}]}"""));
    }
}
