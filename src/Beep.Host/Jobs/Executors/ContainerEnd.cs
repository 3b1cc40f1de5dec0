using System.ComponentModel;
using System.Diagnostics;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs.Executors;

/// <summary>Removes containers whose engine was ended, or lost with its host: its daemon, or its monitor, would keep them.</summary>
internal static class ContainerEnd
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Ends and removes a container if it is there. What cannot be removed is met by name when the next one starts, which says so.</summary>
    public static async Task RemoveAsync(WorkerContainer container, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(container.Engine, ["rm", "--force", container.Name]) { UseShellExecute = false, CreateNoWindow = true, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        WorkerEnvironment.Fill(start.Environment, Environment.GetEnvironmentVariables());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var process = Process.Start(start) ?? throw new InvalidOperationException("no process was made");
            process.StandardInput.Close();
            try
            {
                await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token)).ConfigureAwait(false);
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The engine is gone, or does not answer.
        }
    }
}
