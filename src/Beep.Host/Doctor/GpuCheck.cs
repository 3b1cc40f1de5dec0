using System.ComponentModel;
using System.Diagnostics;

namespace Beep.Host.Doctor;

/// <summary>NVIDIA GPUs, as their own tool lists them.</summary>
internal static class GpuCheck
{
    private const string Tool = "nvidia-smi";

    // A broken driver may keep the tool waiting for good.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Lists the GPUs and whether torch computes on them.</summary>
    /// <param name="torchSeesGpu">Null where torch could not be asked.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<DoctorFinding> RunAsync(bool? torchSeesGpu, CancellationToken cancellationToken)
    {
        var gpus = await ListAsync(cancellationToken).ConfigureAwait(false);
        if (gpus.Count == 0)
        {
            return DoctorFinding.Ok("GPU", "none found; training runs on the processor");
        }

        var text = string.Join("; ", gpus);
        return torchSeesGpu is not false
            ? DoctorFinding.Ok("GPU", text)
            : DoctorFinding.Warn("GPU", $"{text}, but the trainer was built for the processor", "Build it for CUDA: BEEP_TORCH=cuda ./beep doctor (downloads about 3 GB).");
    }

    private static async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Tool, ["--query-gpu=name,memory.total", "--format=csv,noheader"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(patience.Token).ConfigureAwait(false);
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
                return process.ExitCode == 0 ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
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
}
