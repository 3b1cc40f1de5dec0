using System.Diagnostics;
using Beep.Host.Cli.Training;
using Beep.Host.Jobs;

namespace Beep.Host.Cli;

/// <summary>What a short call of the worker gave.</summary>
internal sealed record WorkerAnswer(int ExitCode, string Output, string Error);

/// <summary>Calls of the worker that are not jobs.</summary>
internal static class WorkerCall
{
    /// <summary>Lets the worker write to this terminal and takes over its exit code.</summary>
    public static async Task<int> PassThroughAsync(HostServices services, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = WorkerProcess.Start(services.LocateTrainer(), arguments, sharesTerminal: true);
        // The terminal sends Ctrl+C to both; this one waits for what the other makes of it.
        using var signals = new StopSignals(() => { }, () => Kill(process));
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        return process.ExitCode;
    }

    /// <summary>Collects what the worker says.</summary>
    public static async Task<WorkerAnswer> CaptureAsync(HostServices services, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = WorkerProcess.Start(services.LocateTrainer(), arguments);
        using var signals = new StopSignals(() => Kill(process), () => Kill(process));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return new WorkerAnswer(process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            throw;
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }
}
