using Beep.Host.Quotas;

namespace Beep.Host.Jobs.Planning.Server;

/// <summary>What rules of the server look at, beside the spec.</summary>
internal sealed record JobFacts
{
    /// <summary>Whether the caller may start jobs.</summary>
    public required bool MayManage { get; init; }

    public required JobSources Sources { get; init; }

    public required QuotaLimits Limits { get; init; }

    public required QuotaUsage Usage { get; init; }

    /// <summary>About how long the run takes; null where nobody knows yet.</summary>
    public double? Seconds { get; init; }

    /// <summary>About how much it writes.</summary>
    public long? Bytes { get; init; }
}

/// <summary>Looks for one kind of problem that only a server has.</summary>
internal interface IJobRule
{
    IEnumerable<PlanProblem> Check(JobFacts facts);
}
