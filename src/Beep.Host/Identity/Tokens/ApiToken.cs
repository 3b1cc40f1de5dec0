using System.Security.Cryptography;
using Beep.Host.Identity.Stored;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Tokens;

/// <summary>What a program shows to act for a user. Only its hash is here.</summary>
internal sealed class ApiToken
{
    public const int LongestName = 100;

    public long Id { get; init; }

    /// <summary>The part of the token that names it.</summary>
    public required string PublicId { get; init; }

    public required byte[] TokenHash { get; init; }

    public required long UserId { get; init; }

    public required string Name { get; init; }

    /// <summary>What it may do at most; what its owner has lost meanwhile it has lost too.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>To the minute.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    public bool IsActive { get; set; } = true;
}

internal sealed class ApiTokenConfiguration : IEntityTypeConfiguration<ApiToken>
{
    public void Configure(EntityTypeBuilder<ApiToken> builder)
    {
        builder.ToTable("api_tokens");
        builder.HasKey(token => token.Id);
        builder.Property(token => token.PublicId).HasMaxLength(TokenText.IdLength);
        builder.Property(token => token.TokenHash).HasColumnName("token").HasMaxLength(SHA256.HashSizeInBytes);
        builder.Property(token => token.Name).HasMaxLength(ApiToken.LongestName);
        builder.Property(token => token.Scopes).HasJsonList();
        builder.HasIndex(token => token.PublicId).IsUnique();
        builder.HasIndex(token => token.UserId);
        builder.HasOne<User>().WithMany().HasForeignKey(token => token.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
