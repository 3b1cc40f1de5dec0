using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Beep.Host.Monitoring;

/// <summary>A GPU as its own tool describes it now.</summary>
/// <param name="Index">Its number on this machine.</param>
/// <param name="Name">As its maker calls it.</param>
/// <param name="Load">Share of time in use, 0 to 1; null where it does not tell.</param>
/// <param name="UsedBytes">Memory in use.</param>
/// <param name="TotalBytes">Memory that it has.</param>
internal sealed record GpuReading(int Index, string Name, double? Load, long UsedBytes, long TotalBytes)
{
    private const string Tool = "nvidia-smi";
    private const long BytesPerMebibyte = 1024 * 1024;

    // A broken driver may keep the tool waiting for good.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Every NVIDIA GPU; none where there is no tool.</summary>
    public static async Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Tool, ["--query-gpu=index,name,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(patience.Token).ConfigureAwait(false);
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
                return process.ExitCode == 0 ? Parse(output) : [];
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill();
                return [];
            }
        }
        catch (Win32Exception)
        {
            return [];
        }
    }

    /// <summary>Reads the tool's lines; one that it cannot read is left out.</summary>
    public static IReadOnlyList<GpuReading> Parse(string output)
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
