using Beep.Host.Identity.Stored;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Roles;

/// <summary>A named set of permissions.</summary>
internal sealed class Role
{
    public const int LongestName = 80;
    public const int LongestDescription = 500;

    public long Id { get; init; }

    public required string Name { get; set; }

    public string? Description { get; set; }

    public required IReadOnlyList<string> Permissions { get; set; }

    /// <summary>Whether it comes with the product and stays as it is.</summary>
    public bool IsSystem { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class RoleConfiguration : IEntityTypeConfiguration<Role>
{
    public void Configure(EntityTypeBuilder<Role> builder)
    {
        builder.ToTable("roles");
        builder.HasKey(role => role.Id);
        builder.Property(role => role.Name).HasMaxLength(Role.LongestName);
        builder.Property(role => role.Description).HasMaxLength(Role.LongestDescription);
        builder.Property(role => role.Permissions).HasJsonList();
        builder.HasIndex(role => role.Name).IsUnique();
    }
}
