using System.Text.Json;

namespace Beep.Host.Hosting.Gpus;

/// <summary><c>system_profiler</c> of macOS. An Apple GPU shares the memory of the machine, of which Metal lets one process use about three quarters.</summary>
internal sealed class AppleTool : IGpuTool
{
    private const double MetalShare = 0.75;
    private const string Metal = "spdisplays_mtlgpufamilysupport";

    public string Program => "system_profiler";

    public IReadOnlyList<string> Arguments => ["SPDisplaysDataType", "-json"];

    public IReadOnlyList<GpuReading> Parse(string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var machine = Machine.Current();
            var total = (long)(machine.MemoryBytes * MetalShare);
            return document.RootElement.TryGetProperty("SPDisplaysDataType", out var displays) && displays.ValueKind == JsonValueKind.Array
                ? [.. displays.EnumerateArray().Where(display => display.TryGetProperty(Metal, out _)).Take(1)
                    .Select((display, index) => new GpuReading(index, display.TryGetProperty("sppci_model", out var model) ? model.ToString() : "Apple GPU", null, Math.Clamp(total - (machine.FreeMemoryBytes ?? total), 0, total), total))]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
