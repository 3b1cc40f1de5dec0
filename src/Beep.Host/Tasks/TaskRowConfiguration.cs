using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Tasks;

internal sealed class TaskRowConfiguration : IEntityTypeConfiguration<TaskRow>
{
    public void Configure(EntityTypeBuilder<TaskRow> builder)
    {
        builder.ToTable("tasks");
        builder.HasKey(task => task.Seq);
        builder.Property(task => task.Id).HasMaxLength(TaskRow.LongestId);
        builder.Property(task => task.Name).HasMaxLength(TaskRow.LongestName);
        builder.Property(task => task.Kind).HasMaxLength(TaskRow.LongestKind);
        builder.Property(task => task.Message).HasMaxLength(TaskRow.LongestMessage);
        builder.Property(task => task.ErrorCode).HasMaxLength(TaskRow.LongestKind);
        builder.Property(task => task.ResourceClass).HasMaxLength(TaskRow.LongestKind);
        builder.Property(task => task.HostId).HasMaxLength(TaskRow.LongestProcess);
        builder.Property(task => task.Process).HasMaxLength(TaskRow.LongestProcess);
        builder.Property(task => task.CorrelationId).HasMaxLength(TaskRow.LongestMessage);
        builder.Property(task => task.Version).IsConcurrencyToken();
        builder.HasIndex(task => task.Id).IsUnique();
        // The queue: what waits for a class, oldest first.
        builder.HasIndex(task => new { task.Status, task.ResourceClass, task.Seq });
        builder.HasIndex(task => new { task.Status, task.Seq });
        builder.HasIndex(task => new { task.OwnerId, task.Seq });
        builder.HasIndex(task => new { task.Kind, task.Seq });
        builder.HasIndex(task => task.CompletedAt);
    }
}
