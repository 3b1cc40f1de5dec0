using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Jobs.Stored;

/// <summary>Something that happened to a job on the host's side: a change of its state, a note. What the worker said is in the job folder.</summary>
internal sealed class JobEventRow
{
    public const int LongestType = 50;
    public const int LongestMessage = 1000;

    public long Seq { get; init; }

    public required long JobSeq { get; init; }

    /// <summary><c>queued</c>, <c>started</c>, <c>cancel_requested</c>, <c>succeeded</c> …</summary>
    public required string Type { get; init; }

    /// <summary><c>info</c>, <c>warn</c> or <c>error</c>.</summary>
    public required string Level { get; init; }

    public required string Message { get; init; }

    /// <summary>JSON; null for none.</summary>
    public string? Data { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class JobEventRowConfiguration : IEntityTypeConfiguration<JobEventRow>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<JobEventRow> builder)
    {
        builder.ToTable("finetune_events");
        builder.HasKey(happened => happened.Seq);
        builder.Property(happened => happened.Type).HasMaxLength(JobEventRow.LongestType);
        builder.Property(happened => happened.Level).HasMaxLength(JobEventRow.LongestType);
        builder.Property(happened => happened.Message).HasMaxLength(JobEventRow.LongestMessage);
        builder.HasIndex(happened => new { happened.JobSeq, happened.Seq });
        builder.HasOne<Job>().WithMany().HasForeignKey(happened => happened.JobSeq).OnDelete(DeleteBehavior.Cascade);
    }
}
