using System.Diagnostics;
using Beep.Host.Hosting;

namespace Beep.Host.Jobs;

/// <summary>What a short call of the worker gave.</summary>
internal sealed record WorkerAnswer(int ExitCode, string Output, string Error);

/// <summary>Calls of the worker that are not jobs. Ctrl+C ends them.</summary>
internal static class WorkerCall
{
    /// <summary>Lets the worker write to this terminal's stdout, and collects what it says on stderr.</summary>
    /// <exception cref="OperationCanceledException">It was stopped by a signal.</exception>
    public static async Task<WorkerAnswer> PassThroughAsync(TrainerProgram program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = WorkerProcess.Start(program, arguments, sharesTerminal: true);
        // The terminal sends Ctrl+C to both; this one waits for what the other makes of it.
        using var signals = new StopSignals(() => { }, () => Kill(process));
        var error = await process.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        return process.ExitCode != 0 && signals.WereRaised
            ? throw new OperationCanceledException()
            : new WorkerAnswer(process.ExitCode, "", error);
    }

    /// <summary>Collects what the worker says.</summary>
    /// <exception cref="OperationCanceledException">It was stopped by a signal or by the caller.</exception>
    public static async Task<WorkerAnswer> CaptureAsync(TrainerProgram program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var process = WorkerProcess.Start(program, arguments);
        using var signals = new StopSignals(stop.Cancel, () => Kill(process));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(stop.Token), process.StandardError.ReadToEndAsync(stop.Token));
        try
        {
            await process.WaitForExitAsync(stop.Token).ConfigureAwait(false);
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
