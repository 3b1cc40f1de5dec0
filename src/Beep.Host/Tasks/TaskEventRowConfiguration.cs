using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Tasks;

internal sealed class TaskEventRowConfiguration : IEntityTypeConfiguration<TaskEventRow>
{
    public void Configure(EntityTypeBuilder<TaskEventRow> builder)
    {
        builder.ToTable("task_events");
        builder.HasKey(happened => happened.Seq);
        builder.Property(happened => happened.Type).HasMaxLength(TaskEventRow.LongestType);
        builder.HasOne<TaskRow>().WithMany().HasForeignKey(happened => happened.TaskSeq).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(happened => new { happened.TaskSeq, happened.Seq });
        builder.HasIndex(happened => new { happened.OwnerId, happened.Seq });
    }
}
