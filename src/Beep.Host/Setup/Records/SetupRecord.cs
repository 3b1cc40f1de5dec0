using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Setup.Records;

/// <summary>
/// That this database belongs to a host that is set up. Written once, with the first administrator and in the same
/// transaction; nothing of the program changes or removes it, whatever becomes of the users.
/// </summary>
internal sealed class SetupRecord
{
    /// <summary>The only row's key.</summary>
    public const int OnlyId = 1;

    public const int LongestName = 100;

    public int Id { get; init; } = OnlyId;

    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>The first administrator's username, as it was then.</summary>
    public required string CompletedBy { get; init; }

    /// <summary>The first administrator. No foreign key: the row outlives the user.</summary>
    public required long AdminUserId { get; init; }
}

internal sealed class SetupRecordConfiguration : IEntityTypeConfiguration<SetupRecord>
{
    public const string Table = "setup";

    public void Configure(EntityTypeBuilder<SetupRecord> builder)
    {
        builder.ToTable(Table, table => table.HasCheckConstraint("ck_setup_id", "id = 1"));
        builder.HasKey(record => record.Id);
        builder.Property(record => record.Id).ValueGeneratedNever();
        builder.Property(record => record.CompletedBy).HasMaxLength(SetupRecord.LongestName);
    }
}
