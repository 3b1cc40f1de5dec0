using Beep.Host.Data;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Datasets;

/// <summary>Rows to learn from, under one name; its versions are never changed.</summary>
internal sealed class Dataset
{
    public const int LongestName = 200;
    public const int LongestDescription = 2000;

    /// <summary>Rises with every dataset: lists are in its order.</summary>
    public long Seq { get; init; }

    public required string Id { get; init; }

    /// <summary>The user's id; no key, since the user is in the host's tables.</summary>
    public required long OwnerId { get; init; }

    public required string Name { get; set; }

    public string? Description { get; set; }

    /// <summary>The number of the newest version; 0 while there is none.</summary>
    public int LatestVersion { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>When it was deleted: its row stays, since jobs speak of it; its files do not.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>Rises with every change: a change is made to the row that was read, or not at all.</summary>
    public int Revision { get; set; }
}

internal sealed class DatasetConfiguration : IEntityTypeConfiguration<Dataset>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<Dataset> builder)
    {
        builder.ToTable("finetune_datasets");
        builder.HasKey(dataset => dataset.Seq);
        builder.Property(dataset => dataset.Id).HasMaxLength(PublicId.Length);
        builder.Property(dataset => dataset.Name).HasMaxLength(Dataset.LongestName);
        builder.Property(dataset => dataset.Description).HasMaxLength(Dataset.LongestDescription);
        builder.Property(dataset => dataset.Revision).IsConcurrencyToken();
        builder.HasIndex(dataset => dataset.Id).IsUnique();
        builder.HasIndex(dataset => new { dataset.OwnerId, dataset.DeletedAt, dataset.Seq });
        builder.HasIndex(dataset => new { dataset.DeletedAt, dataset.Seq });
    }
}
