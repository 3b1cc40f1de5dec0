namespace Beep.Host.Datasets.Tus;

/// <summary>A resumable upload, as it lies beside its bytes.</summary>
internal sealed record TusUpload
{
    public required string Id { get; init; }

    public required long OwnerId { get; init; }

    /// <summary>How long the file will be.</summary>
    public required long Length { get; init; }

    public required string SourceName { get; init; }

    public string? DatasetId { get; init; }

    public string? Name { get; init; }

    public string? Description { get; init; }

    public string? Sha256 { get; init; }

    /// <summary>As it was given, to be given back.</summary>
    public string? Metadata { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What became of it; null while it is not finished.</summary>
    public string? ResultDatasetId { get; init; }

    public int? ResultVersion { get; init; }

    public bool IsFinished => ResultDatasetId is not null;
}
