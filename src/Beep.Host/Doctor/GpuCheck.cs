using Beep.Host.Hosting;
using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Doctor;

/// <summary>GPUs, as the tools of their makers list them.</summary>
internal static class GpuCheck
{
    /// <summary>Lists the GPUs and whether torch computes on them.</summary>
    /// <param name="torchSeesGpu">Null where torch could not be asked.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<DoctorFinding> RunAsync(bool? torchSeesGpu, CancellationToken cancellationToken)
    {
        var gpus = await GpuMonitor.AskAsync(cancellationToken).ConfigureAwait(false);
        if (gpus.Count == 0)
        {
            return DoctorFinding.Ok("GPU", "none found; training runs on the processor");
        }

        var text = string.Join("; ", gpus.Select(gpu => $"{gpu.Name}, {Units.Bytes(gpu.TotalBytes)}"));
        return torchSeesGpu is not false
            ? DoctorFinding.Ok("GPU", text)
            : DoctorFinding.Warn("GPU", $"{text}, but the trainer was built for the processor", "Build it for CUDA: BEEP_TORCH=cuda ./beep doctor (downloads about 3 GB).");
    }
}
