using System.Globalization;
using System.Text.Json;

namespace Beep.Host.Hosting.Gpus;

/// <summary><c>rocm-smi</c>, which names each card <c>card0</c>, <c>card1</c> … and writes every figure as text.</summary>
internal sealed class AmdTool : IGpuTool
{
    private const string Card = "card";

    public string Program => "rocm-smi";

    public IReadOnlyList<string> Arguments => ["--showproductname", "--showuse", "--showmeminfo", "vram", "--json"];

    public IReadOnlyList<GpuReading> Parse(string output)
    {
        try
        {
            // Warnings come before the object on some versions.
            var start = output.IndexOf('{', StringComparison.Ordinal);
            using var document = JsonDocument.Parse(start < 0 ? "{}" : output[start..]);
            return [.. document.RootElement.EnumerateObject().Select(Read).OfType<GpuReading>().OrderBy(gpu => gpu.Index)];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static GpuReading? Read(JsonProperty card)
    {
        if (!card.Name.StartsWith(Card, StringComparison.Ordinal) || !int.TryParse(card.Name.AsSpan(Card.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || card.Value.ValueKind != JsonValueKind.Object
            || !long.TryParse(Text("VRAM Total Memory (B)"), NumberStyles.None, CultureInfo.InvariantCulture, out var total)
            || !long.TryParse(Text("VRAM Total Used Memory (B)"), NumberStyles.None, CultureInfo.InvariantCulture, out var used))
        {
            return null;
        }

        double? load = double.TryParse(Text("GPU use (%)"), NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) ? percent / 100 : null;
        return new GpuReading(index, Text("Card Series") ?? Text("Card series") ?? Text("Card Model") ?? "AMD GPU", load, used, total);

        string? Text(string name) => card.Value.TryGetProperty(name, out var value) ? value.ToString() : null;
    }
}
