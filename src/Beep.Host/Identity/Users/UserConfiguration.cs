using Beep.Host.Identity.Roles;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Users;

internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("users");
        builder.HasKey(user => user.Id);
        builder.Property(user => user.UserName).HasColumnName("username").HasMaxLength(User.LongestName).IsRequired();
        builder.Property(user => user.NormalizedUserName).HasColumnName("normalized_username").HasMaxLength(User.LongestName).IsRequired();
        builder.Property(user => user.Email).HasMaxLength(User.LongestEmail);
        builder.Property(user => user.NormalizedEmail).HasMaxLength(User.LongestEmail);
        builder.Property(user => user.DisplayName).HasMaxLength(User.LongestDisplayName);
        builder.Property(user => user.PasswordHash).HasMaxLength(User.LongestHash);
        builder.Property(user => user.SecurityStamp).HasMaxLength(User.LongestStamp).IsRequired();
        builder.Property(user => user.ConcurrencyStamp).HasMaxLength(User.LongestStamp).IsConcurrencyToken();
        builder.Property(user => user.ExternalIssuer).HasMaxLength(User.LongestIssuer);
        builder.Property(user => user.ExternalSubject).HasMaxLength(User.LongestIssuer);
        builder.HasIndex(user => user.NormalizedUserName).IsUnique();
        builder.HasIndex(user => new { user.ExternalIssuer, user.ExternalSubject }).IsUnique();
        // Not unique: two providers may know the same address, and nobody is ever found by it.
        builder.HasIndex(user => user.NormalizedEmail);
        builder.HasOne<Role>().WithMany().HasForeignKey(user => user.RoleId).OnDelete(DeleteBehavior.Restrict);
        builder.Ignore(user => user.EmailConfirmed).Ignore(user => user.PhoneNumber).Ignore(user => user.PhoneNumberConfirmed)
            .Ignore(user => user.TwoFactorEnabled).Ignore(user => user.LockoutEnd).Ignore(user => user.LockoutEnabled).Ignore(user => user.AccessFailedCount);
    }
}
