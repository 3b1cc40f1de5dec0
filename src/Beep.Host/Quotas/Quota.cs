using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Quotas;

/// <summary>How much of the fine-tuning area somebody may use; what is null is not limited by this row.</summary>
internal sealed class Quota
{
    public long Id { get; init; }

    public required QuotaHolder Holder { get; init; }

    /// <summary>The id of the user or group; 0 for everybody.</summary>
    public required long HolderId { get; init; }

    public long? Bytes { get; set; }

    public int? Datasets { get; set; }

    public int? QueuedJobs { get; set; }

    public int? RunningJobs { get; set; }

    /// <summary>Minutes of one GPU, or of the processor where there is none, in a calendar month of UTC.</summary>
    public int? GpuMinutes { get; set; }

    public required DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>Whose quota it is; the numbers are stored.</summary>
internal enum QuotaHolder
{
    Everybody = 1,
    Group = 2,
    User = 3,
}

internal sealed class QuotaConfiguration : IEntityTypeConfiguration<Quota>, IFineTuneMapping
{
    public void Configure(EntityTypeBuilder<Quota> builder)
    {
        builder.ToTable("finetune_quotas");
        builder.HasKey(quota => quota.Id);
        builder.HasIndex(quota => new { quota.Holder, quota.HolderId }).IsUnique();
    }
}
