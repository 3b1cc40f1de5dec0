using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Data;

internal sealed class InstanceConfiguration : IEntityTypeConfiguration<Instance>
{
    public void Configure(EntityTypeBuilder<Instance> builder)
    {
        builder.ToTable("instance", table => table.HasCheckConstraint("ck_instance_number", "number = 1"));
        builder.HasKey(instance => instance.Number);
        builder.Property(instance => instance.Number).ValueGeneratedNever();
        builder.Property(instance => instance.InstanceId).HasMaxLength(32);
    }
}
