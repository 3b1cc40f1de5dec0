using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Audit;

internal sealed class AuditRowConfiguration : IEntityTypeConfiguration<AuditRow>
{
    public void Configure(EntityTypeBuilder<AuditRow> builder)
    {
        builder.ToTable("audit_log");
        builder.HasKey(row => row.Seq);
        builder.Property(row => row.Seq).ValueGeneratedNever();
        builder.Property(row => row.ActorId).HasMaxLength(AuditRow.LongestId);
        builder.Property(row => row.ActorName).HasMaxLength(AuditRow.LongestId);
        builder.Property(row => row.SessionId).HasMaxLength(AuditRow.LongestId);
        builder.Property(row => row.IpAddress).HasMaxLength(AuditRow.LongestIpAddress);
        builder.Property(row => row.Action).HasMaxLength(AuditRow.LongestAction);
        builder.Property(row => row.ResourceType).HasMaxLength(AuditRow.LongestAction);
        builder.Property(row => row.ResourceId).HasMaxLength(AuditRow.LongestId);
        builder.Property(row => row.CorrelationId).HasMaxLength(AuditRow.LongestId);
        builder.Property(row => row.KeyId).HasMaxLength(AuditKey.IdLength);
        builder.Property(row => row.Hash).HasMaxLength(AuditKey.HashBytes);
        builder.HasIndex(row => row.CreatedAt);
        builder.HasIndex(row => new { row.Action, row.Seq });
        builder.HasIndex(row => new { row.ActorId, row.Seq });
        builder.HasIndex(row => new { row.ActorName, row.Seq });
        builder.HasIndex(row => new { row.ResourceType, row.ResourceId, row.Seq });
    }
}
