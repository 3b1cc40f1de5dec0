using Beep.Contracts;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Jobs.Lifecycle;

/// <summary>A job that is wanted, checked and with everything resolved.</summary>
internal sealed record JobDraft
{
    public required string Id { get; init; }

    public required long OwnerId { get; init; }

    public required string Name { get; init; }

    public required string ModelId { get; init; }

    public required string ModelName { get; init; }

    public required long DatasetVersionSeq { get; init; }

    public long? ValidationVersionSeq { get; init; }

    public string? ParentId { get; init; }

    public string? Preset { get; init; }

    /// <summary>With the paths of this machine.</summary>
    public required JobSpec Spec { get; init; }

    /// <summary>JSON of it with ids in their place.</summary>
    public required string StoredSpec { get; init; }

    /// <summary>Rows that the run itself cuts off for validation; null for none.</summary>
    public RowSplit? Split { get; init; }

    public Placement Placement { get; init; } = Placement.Default;

    public string? Plan { get; init; }

    public string? Suffix { get; init; }

    public string? Metadata { get; init; }

    public int Priority { get; init; }

    public string? IdempotencyKey { get; init; }

    public string? RequestHash { get; init; }
}
