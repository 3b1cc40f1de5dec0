namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>What Slurm's words mean to people.</summary>
internal static class SlurmReasons
{
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["Resources"] = "what it asks for is in use",
        ["Priority"] = "others are before it",
        ["Dependency"] = "it depends on another job",
        ["BeginTime"] = "it begins a little later",
        ["JobHeldAdmin"] = "an administrator holds it",
        ["JobHeldUser"] = "somebody holds it; scontrol release lets it go",
        ["PartitionDown"] = "the partition is down",
        ["PartitionInactive"] = "the partition is inactive",
        ["PartitionTimeLimit"] = "it asks for more time than the partition allows",
        ["PartitionNodeLimit"] = "it asks for more nodes than the partition allows",
        ["ReqNodeNotAvail"] = "its nodes are down, drained or reserved",
        ["NodeDown"] = "its node is down",
        ["BadConstraints"] = "no node has what it asks for",
        ["Licenses"] = "a licence is in use",
        ["Reservation"] = "its reservation has not begun",
        ["InvalidAccount"] = "the account is not valid",
        ["InvalidQOS"] = "the quality of service is not valid",
        ["QOSMaxGRESPerUser"] = "you have all GPUs that the quality of service allows",
        ["QOSMaxJobsPerUserLimit"] = "you have all jobs that the quality of service allows",
        ["AssocGrpCpuLimit"] = "the account has all processors that it may have",
        ["AssocGrpGRES"] = "the account has all GPUs that it may have",
        ["AssocMaxJobsLimit"] = "the account has all jobs that it may have",
        ["launch_failed_requeued_held"] = "its start failed; scontrol release has it tried again",
    };

    /// <summary>A sentence without an end: <c>Waiting on Slurm: Resources (what it asks for is in use)</c>.</summary>
    /// <param name="reason">Slurm's own word; null for none.</param>
    /// <param name="isPreempted">Whether it waits because it made room for another one.</param>
    public static string Waiting(string? reason, bool isPreempted = false)
    {
        if (isPreempted)
        {
            return "Preempted by a job of a higher priority; w" + Waiting(reason)[1..];
        }

        if (reason is null)
        {
            return "Waiting on Slurm";
        }

        // ReqNodeNotAvail, UnavailableNodes:n1
        var word = reason.Split(',')[0].Trim('(', ')').Replace(' ', '_');
        return $"Waiting on Slurm: {reason.Trim('(', ')')}{(Known.TryGetValue(word, out var means) ? $" ({means})" : "")}";
    }
}
