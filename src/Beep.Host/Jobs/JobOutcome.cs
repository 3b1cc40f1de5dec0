using Beep.Contracts;

namespace Beep.Host.Jobs;

/// <summary>How a run ended.</summary>
/// <param name="ExitCode">What the command ends with.</param>
/// <param name="Exit">What the worker wrote at its end; null when it could not.</param>
/// <param name="Faults">What was wrong; empty when it succeeded or was cancelled.</param>
internal sealed record JobOutcome(WorkerExitCode ExitCode, JobExit? Exit, IReadOnlyList<Fault> Faults)
{
    /// <summary>How much of a worker's output is quoted where it gave no reason.</summary>
    public const int ShownLines = 10;

    private const int SignalBase = 128;
    private const int SigKill = 9;

    // Programs also end with 255, which is none.
    private const int LastSignal = 64;

    /// <summary>Judges a worker that has ended.</summary>
    public static JobOutcome Of(JobFolder folder, int? processExitCode, bool wasStoppedAtOnce, IReadOnlyList<FailedEvent> failures, IReadOnlyList<string> output)
    {
        if (JobExit.Read(folder) is { } exit)
        {
            return new JobOutcome(exit.ExitCode, exit, FaultsOf(exit, failures));
        }

        if (wasStoppedAtOnce)
        {
            return StoppedAtOnce(folder);
        }

        // Faults found before the folder could be written to, such as a damaged spec, are told on stderr only.
        return processExitCode is { } code && Enum.IsDefined((WorkerExitCode)code) && code != (int)WorkerExitCode.Succeeded && output.Count > 0
            ? new JobOutcome((WorkerExitCode)code, null, [new("worker_refused", string.Join(" ", output), $"The whole output is in '{folder.Output}'.")])
            : Died(folder, processExitCode, output);
    }

    private static IReadOnlyList<Fault> FaultsOf(JobExit exit, IReadOnlyList<FailedEvent> failures)
    {
        if (exit.Status != JobStatus.Failed)
        {
            return [];
        }

        return failures.Count > 0
            ? [.. failures.Select(failure => new Fault(failure.Code, failure.Message, failure.Remedy))]
            : [new(exit.Code ?? "failed", exit.Message ?? "The worker gave no reason.", exit.Remedy ?? "See output.log in the job folder.")];
    }

    private static JobOutcome StoppedAtOnce(JobFolder folder)
    {
        var last = folder.ListCheckpoints() is { Count: > 0 } checkpoints ? checkpoints[^1].Step : 0;
        return last > 0
            ? new JobOutcome(WorkerExitCode.Cancelled, null, [])
            : new JobOutcome(WorkerExitCode.Failed, null, [new("stopped_at_once", "The run was stopped before its first checkpoint.", "Run the same command again to start over.", folder.Root)]);
    }

    private static JobOutcome Died(JobFolder folder, int? exitCode, IReadOnlyList<string> output)
    {
        var how = exitCode is null ? "a signal or an exit code that nobody saw, since it had outlived its server," : exitCode is > SignalBase and <= SignalBase + LastSignal ? $"signal {exitCode - SignalBase}" : $"exit code {exitCode}";
        var said = output.Count == 0 ? "It had written nothing." : $"Its last output: {string.Join(" | ", output)}";
        var remedy = (exitCode is null or SignalBase + SigKill ? "If nobody killed it, the system was out of memory: lower train.per_device_batch_size or data.max_length. " : "")
            + (folder.ListCheckpoints() is { Count: > 0 } checkpoints
                ? $"Run the same command again to go on from step {checkpoints[^1].Step}."
                : "Run the same command again to start over; there is no checkpoint yet.");
        return new JobOutcome(WorkerExitCode.Failed, null, [new("worker_died", $"The worker ended with {how} without saying why. {said}", remedy, folder.Output)]);
    }
}
