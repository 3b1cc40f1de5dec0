using System.Globalization;

namespace Beep.Host.Hosting.Gpus;

/// <summary><c>nvidia-smi</c>, in the order of the PCI bus.</summary>
internal sealed class NvidiaTool : IGpuTool
{
    private const long BytesPerMebibyte = 1024 * 1024;

    public string Program => "nvidia-smi";

    public IReadOnlyList<string> Arguments => ["--query-gpu=index,name,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"];

    public IReadOnlyList<GpuReading> Parse(string output)
    {
        var gpus = new List<GpuReading>();
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var fields = line.Split(',', StringSplitOptions.TrimEntries);
            if (fields.Length == 5 && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && long.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out var used)
                && long.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out var total))
            {
                double? load = double.TryParse(fields[2], NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) ? percent / 100 : null;
                gpus.Add(new GpuReading(index, fields[1], load, used * BytesPerMebibyte, total * BytesPerMebibyte));
            }
        }

        return gpus;
    }
}
