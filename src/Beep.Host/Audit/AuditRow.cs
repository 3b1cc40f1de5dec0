namespace Beep.Host.Audit;

/// <summary>A row as it is stored: never changed, never removed alone.</summary>
internal sealed class AuditRow
{
    public const int LongestId = 100;
    public const int LongestAction = 50;
    public const int LongestIpAddress = 45;
    public const int LongestDetails = 4000;

    /// <summary>1, 2, 3 … without a gap.</summary>
    public required long Seq { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required AuditActorKind ActorKind { get; init; }

    public required string ActorId { get; init; }

    /// <summary>As the actor was called then: users are renamed and go.</summary>
    public string? ActorName { get; init; }

    public string? SessionId { get; init; }

    public string? IpAddress { get; init; }

    public required string Action { get; init; }

    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public required AuditOutcome Outcome { get; init; }

    public string? CorrelationId { get; init; }

    /// <summary>Canonical JSON of <see cref="AuditDetails"/>.</summary>
    public string? Details { get; init; }

    /// <summary>Which key signed it.</summary>
    public required string KeyId { get; init; }

    /// <summary>Over the hash of the row before it and everything above.</summary>
    public byte[] Hash { get; set; } = [];
}
