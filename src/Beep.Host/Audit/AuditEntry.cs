namespace Beep.Host.Audit;

/// <summary>What a feature says about something that happened.</summary>
internal sealed record AuditEntry
{
    public required AuditActor Actor { get; init; }

    /// <summary>In snake_case and the past tense: <c>user_created</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The kind of thing that it happened to: <c>user</c>.</summary>
    public string? ResourceType { get; init; }

    public string? ResourceId { get; init; }

    public AuditOutcome Outcome { get; init; } = AuditOutcome.Succeeded;

    /// <summary>The request or task that it was part of.</summary>
    public string? CorrelationId { get; init; }

    public AuditDetails? Details { get; init; }
}
