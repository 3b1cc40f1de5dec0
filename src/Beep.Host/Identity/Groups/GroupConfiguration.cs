using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Groups;

internal sealed class GroupConfiguration : IEntityTypeConfiguration<Group>, IEntityTypeConfiguration<UserGroup>, IEntityTypeConfiguration<GroupRole>
{
    public void Configure(EntityTypeBuilder<Group> builder)
    {
        builder.ToTable("groups");
        builder.HasKey(group => group.Id);
        builder.Property(group => group.Name).HasMaxLength(Group.LongestName);
        builder.Property(group => group.Description).HasMaxLength(Group.LongestDescription);
        builder.HasIndex(group => group.Name).IsUnique();
        builder.HasOne<User>().WithMany().HasForeignKey(group => group.CreatedBy).OnDelete(DeleteBehavior.SetNull);
    }

    public void Configure(EntityTypeBuilder<UserGroup> builder)
    {
        builder.ToTable("user_groups");
        builder.HasKey(member => new { member.UserId, member.GroupId });
        builder.HasOne<User>().WithMany().HasForeignKey(member => member.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Group>().WithMany().HasForeignKey(member => member.GroupId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<User>().WithMany().HasForeignKey(member => member.AddedBy).OnDelete(DeleteBehavior.SetNull);
    }

    public void Configure(EntityTypeBuilder<GroupRole> builder)
    {
        builder.ToTable("group_roles");
        builder.HasKey(carried => new { carried.GroupId, carried.RoleId });
        builder.HasOne<Group>().WithMany().HasForeignKey(carried => carried.GroupId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Role>().WithMany().HasForeignKey(carried => carried.RoleId).OnDelete(DeleteBehavior.Restrict);
    }
}
