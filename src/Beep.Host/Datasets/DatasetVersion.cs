using Beep.Host.Data;
using Beep.Host.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Datasets;

/// <summary>The rows of a dataset as they were given once. Its files lie in <see cref="HostPaths.DatasetVersion"/> and are never changed.</summary>
internal sealed class DatasetVersion
{
    public const int LongestFileName = 100;
    public const int LongestSourceName = 255;
    public const int LongestHash = 64;
    public const int LongestWord = 30;

    public long Seq { get; init; }

    public required long DatasetSeq { get; init; }

    /// <summary>1, 2, 3 … within the dataset.</summary>
    public required int Number { get; init; }

    public DatasetState State { get; set; } = DatasetState.Checking;

    /// <summary>The file in the version's folder that holds the rows as they were given, named by the host: <c>source.jsonl</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>What it was called where it came from, cleaned; never part of a path.</summary>
    public required string SourceName { get; init; }

    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the file, 64 hexadecimal digits: the same bytes are one version.</summary>
    public required string Sha256 { get; init; }

    /// <summary>How rows are laid out, in the words of a spec's <c>data.format</c>; null until it was checked.</summary>
    public string? Format { get; set; }

    public long? Rows { get; set; }

    public long? Tokens { get; set; }

    public long? TrainableTokens { get; set; }

    /// <summary>How many findings stop a run; null until it was checked.</summary>
    public int? Errors { get; set; }

    public int? Warnings { get; set; }

    /// <summary>The task that checks it or did.</summary>
    public string? TaskId { get; set; }

    public required long CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>How far a version is; the numbers are stored.</summary>
internal enum DatasetState
{
    /// <summary>Its rows are being read.</summary>
    Checking = 1,

    /// <summary>A job can take it.</summary>
    Ready = 2,

    /// <summary>Its report says why no job can.</summary>
    Invalid = 3,

    /// <summary>It could not be checked.</summary>
    Failed = 4,
}

internal sealed class DatasetVersionConfiguration : IEntityTypeConfiguration<DatasetVersion>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<DatasetVersion> builder)
    {
        builder.ToTable("finetune_dataset_versions");
        builder.HasKey(version => version.Seq);
        builder.Property(version => version.FileName).HasMaxLength(DatasetVersion.LongestFileName);
        builder.Property(version => version.SourceName).HasMaxLength(DatasetVersion.LongestSourceName);
        builder.Property(version => version.Sha256).HasMaxLength(DatasetVersion.LongestHash);
        builder.Property(version => version.Format).HasMaxLength(DatasetVersion.LongestWord);
        builder.Property(version => version.TaskId).HasMaxLength(PublicId.Length);
        builder.HasIndex(version => new { version.DatasetSeq, version.Number }).IsUnique();
        builder.HasIndex(version => new { version.DatasetSeq, version.Sha256 }).IsUnique();
        builder.HasOne<Dataset>().WithMany().HasForeignKey(version => version.DatasetSeq).OnDelete(DeleteBehavior.Cascade);
    }
}
