namespace Beep.Host.Audit;

/// <summary>Who did it, and through what.</summary>
internal sealed record AuditActor(AuditActorKind Kind, string Id)
{
    /// <summary>As people know the actor.</summary>
    public string? Name { get; init; }

    /// <summary>The session or token, by its public name.</summary>
    public string? SessionId { get; init; }

    public string? IpAddress { get; init; }
}

/// <summary>Of which kind an actor is; the numbers are stored.</summary>
internal enum AuditActorKind
{
    System = 1,
    User = 2,
    Token = 3,
    CommandLine = 4,
    Anonymous = 5,
}
