using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Privileges;

/// <summary>That a user or the members of a group may do something with one thing.</summary>
internal sealed class AccessPrivilege
{
    public const int LongestType = 50;
    public const int LongestId = 100;

    public long Id { get; init; }

    public required string ResourceType { get; init; }

    public required string ResourceId { get; init; }

    /// <summary>Either this or the group is set.</summary>
    public long? UserId { get; init; }

    public long? GroupId { get; init; }

    public required AccessLevel AccessLevel { get; set; }

    public long? GrantedBy { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it counts no more; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>How much a privilege allows, each more than the one before; the numbers are stored.</summary>
internal enum AccessLevel
{
    Read = 1,
    Write = 2,
    Admin = 3,
}

internal sealed class AccessPrivilegeConfiguration : IEntityTypeConfiguration<AccessPrivilege>
{
    public void Configure(EntityTypeBuilder<AccessPrivilege> builder)
    {
        builder.ToTable("access_privileges", table => table.HasCheckConstraint("ck_access_privileges_holder", "(user_id IS NULL) <> (group_id IS NULL)"));
        builder.HasKey(privilege => privilege.Id);
        builder.Property(privilege => privilege.ResourceType).HasMaxLength(AccessPrivilege.LongestType);
        builder.Property(privilege => privilege.ResourceId).HasMaxLength(AccessPrivilege.LongestId);
        builder.HasIndex(privilege => new { privilege.ResourceType, privilege.ResourceId });
        builder.HasOne<User>().WithMany().HasForeignKey(privilege => privilege.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Group>().WithMany().HasForeignKey(privilege => privilege.GroupId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<User>().WithMany().HasForeignKey(privilege => privilege.GrantedBy).OnDelete(DeleteBehavior.SetNull);
    }
}
