using System.Security.Cryptography;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.SignIn;

/// <summary>A link that signs its holder in once.</summary>
internal sealed class SignInLink
{
    public long Id { get; init; }

    public required byte[] TokenHash { get; init; }

    public required long UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; set; }
}

internal sealed class SignInLinkConfiguration : IEntityTypeConfiguration<SignInLink>
{
    public void Configure(EntityTypeBuilder<SignInLink> builder)
    {
        builder.ToTable("sign_in_links");
        builder.HasKey(link => link.Id);
        builder.Property(link => link.TokenHash).HasMaxLength(SHA256.HashSizeInBytes);
        builder.HasIndex(link => link.TokenHash).IsUnique();
        builder.HasOne<User>().WithMany().HasForeignKey(link => link.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
