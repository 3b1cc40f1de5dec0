using Beep.Host.Data;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Jobs.Stored;

/// <summary>Something that came out of a job and lies in its folder.</summary>
internal sealed class Artifact
{
    public const int LongestName = 100;
    public const int LongestHash = 64;

    public long Seq { get; init; }

    public required long JobSeq { get; init; }

    /// <summary><c>adapter</c>, <c>merged</c>, or what an export is called: unique in the job.</summary>
    public required string Name { get; init; }

    public long Bytes { get; set; }

    /// <summary>SHA-256 over its files' own, in the order of their names.</summary>
    public required string Sha256 { get; set; }

    /// <summary>The model in the registry that it became; null while it was not registered.</summary>
    public string? ModelId { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its files were removed to make room.</summary>
    public DateTimeOffset? RemovedAt { get; set; }
}

internal sealed class ArtifactConfiguration : IEntityTypeConfiguration<Artifact>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<Artifact> builder)
    {
        builder.ToTable("finetune_artifacts");
        builder.HasKey(artifact => artifact.Seq);
        builder.Property(artifact => artifact.Name).HasMaxLength(Artifact.LongestName);
        builder.Property(artifact => artifact.Sha256).HasMaxLength(Artifact.LongestHash);
        builder.Property(artifact => artifact.ModelId).HasMaxLength(PublicId.Length);
        builder.HasIndex(artifact => new { artifact.JobSeq, artifact.Name }).IsUnique();
        builder.HasOne<Job>().WithMany().HasForeignKey(artifact => artifact.JobSeq).OnDelete(DeleteBehavior.Cascade);
    }
}
