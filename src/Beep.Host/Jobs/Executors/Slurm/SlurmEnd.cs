using System.Globalization;
using Beep.Contracts;
using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>Why the cluster, and not the worker, ended a run.</summary>
internal static class SlurmEnd
{
    // Slurm sends its warning up to a minute early, and the worker takes its time to save.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(75);

    /// <summary>The fault; null where the worker says itself how it ended.</summary>
    /// <param name="folder">The job folder.</param>
    /// <param name="record">What was handed over, with what Slurm said last while it ran.</param>
    /// <param name="job">How Slurm says that it ended; null where it knows nothing of it any more.</param>
    /// <param name="exit">What the worker wrote; null where it wrote nothing.</param>
    public static FaultException? Judge(JobFolder folder, SlurmRecord record, SlurmJob? job, JobExit? exit)
    {
        // One that stopped by a limit of its own says so, too.
        if (exit is { Status: JobStatus.Succeeded or JobStatus.Failed } or { Code: not ("cancelled" or null) })
        {
            return null;
        }

        var saved = folder.ListCheckpoints() is { Count: > 0 } checkpoints ? checkpoints[^1].Step : (int?)null;
        var kept = saved is { } step ? $"The checkpoint of step {Units.Count(step)} is saved." : "There is no checkpoint yet.";
        var resume = saved is null ? "Restart the job" : "Resume the job: it goes on from there";
        var number = string.Create(CultureInfo.InvariantCulture, $"Slurm job {record.Number}");
        if (job is null)
        {
            return exit is not null
                ? Failed("stopped_on_cluster", $"The {number} was stopped on the cluster, which does not say why any more. {kept}", $"{resume}.")
                : Failed("job_lost", $"The cluster does not know the {number} any more, and the worker did not say how it ended. {kept}", $"{resume}. See output.log, and ask who runs the cluster.");
        }

        return job.State switch
        {
            "TIMEOUT" or "DEADLINE" => TimeOver(),
            "CANCELLED" => Failed("cancelled_on_cluster", $"The {number} was cancelled on the cluster{(job.CancelledBy is { } who ? $" by the user {who}" : "")}, not here. {kept}", $"{resume}."),
            "PREEMPTED" => Failed("preempted", $"The {number} was ended for one of a higher priority. {kept}", $"{resume}, or choose another partition."),
            "NODE_FAIL" or "BOOT_FAIL" => Failed("node_failed", $"The node {job.Nodes ?? record.Nodes} of the {number} failed, and the cluster does not begin it again. {kept}", $"{resume}."),
            "OUT_OF_MEMORY" => new FaultException(WorkerExitCode.OutOfMemory, new Fault("out_of_memory", $"The {number} took more memory than it had asked for, and was ended. {kept}", "Ask for more (placement.cluster.memory_mib), or lower train.per_device_batch_size or data.max_length.", folder.Root)),
            _ when exit is not null && record.EndsAt is { } end && (job.EndsAt ?? exit.FinishedAt) >= end - TimeSpan.FromSeconds(record.WarningSeconds) - Early => TimeOver(),
            _ when exit is not null => Failed("stopped_on_cluster", $"The {number} was told to stop on the cluster, not here. {kept}", $"{resume}."),
            // The script was not even begun: what the worker needs is not on the node.
            _ when job.ExitCode is null or >= 128 && saved is null && new FileInfo(folder.Output) is not { Exists: true, Length: > 0 } => Failed(
                "not_started_on_node", $"The {number} ended on {job.Nodes ?? record.Nodes ?? "its node"} before it began ({job.State}{(job.Reason is { } reason ? $", {reason}" : "")}).", $"See that the node has the folder '{folder.Root}', and this user; the log of its slurmd says more."),
            _ => null,
        };

        FaultException TimeOver() => Failed(
            "time_limit",
            $"The {number} reached its time limit{(record.Minutes is { } minutes ? $" of {Units.Count(minutes, "minute")}" : "")} on the cluster. {kept}",
            $"{resume}, or give it more time (placement.cluster.minutes).");
    }

    private static FaultException Failed(string code, string message, string remedy) => FaultException.Failed(code, message, remedy, "placement.cluster");
}
