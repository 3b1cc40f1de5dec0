using System.Text.Json.Serialization;

namespace Beep.Host.Quotas;

/// <summary>What somebody may use; what is null is not limited by this quota.</summary>
internal sealed record QuotaView
{
    public required QuotaHolder Holder { get; init; }

    /// <summary>The id of the user or group; 0 for everybody.</summary>
    public required long HolderId { get; init; }

    public long? Bytes { get; init; }

    public int? Datasets { get; init; }

    public int? QueuedJobs { get; init; }

    public int? RunningJobs { get; init; }

    public int? GpuMinutes { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static QuotaView Of(Quota quota) => new()
    {
        Holder = quota.Holder,
        HolderId = quota.HolderId,
        Bytes = quota.Bytes,
        Datasets = quota.Datasets,
        QueuedJobs = quota.QueuedJobs,
        RunningJobs = quota.RunningJobs,
        GpuMinutes = quota.GpuMinutes,
        UpdatedAt = quota.UpdatedAt,
    };
}

/// <summary>A quota as it is to be; all limits null takes it away.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record QuotaChange
{
    public required QuotaHolder Holder { get; init; }

    /// <summary>The id of the user or group; absent for everybody.</summary>
    public long HolderId { get; init; }

    public long? Bytes { get; init; }

    public int? Datasets { get; init; }

    public int? QueuedJobs { get; init; }

    public int? RunningJobs { get; init; }

    public int? GpuMinutes { get; init; }
}

/// <summary>What the caller uses, and what the caller may.</summary>
internal sealed record UsageView(QuotaUsage Used, QuotaLimits Limits);
