namespace Beep.Host.Audit;

/// <summary>What a verification found.</summary>
internal sealed record AuditReport
{
    /// <summary>How many rows are sound, from the first on.</summary>
    public required long SoundRows { get; init; }

    /// <summary>The first row that is not as it was written or is missing; null when all are sound or the fault is not in a row.</summary>
    public long? FirstBadRow { get; init; }

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>How many checkpoints of this database there are.</summary>
    public required int Checkpoints { get; init; }

    /// <summary>The last row that a checkpoint holds; what follows could be cut off unseen.</summary>
    public long LastCheckpointedRow { get; init; }

    /// <summary>The last row; null when there is none or the chain is broken.</summary>
    public AuditHead? Head { get; init; }
}
