using System.Security.Cryptography;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.Sessions;

/// <summary>A browser that is signed in. Its cookie holds a secret of which only the hash is here.</summary>
internal sealed class Session
{
    public const int PublicIdLength = 16;
    public const int LongestIpAddress = 45;
    public const int LongestUserAgent = 256;

    /// <summary>What lists, claims and the audit log call it; it opens nothing.</summary>
    public required string Id { get; init; }

    public required byte[] SecretHash { get; set; }

    public required long UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Written at most once a minute.</summary>
    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>The absolute end, whatever happens in between.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? ElevatedUntilAt { get; set; }

    public string? IpAddress { get; init; }

    public string? UserAgent { get; init; }

    /// <summary>The authentication ticket, protected by a key that is not in the database.</summary>
    public required byte[] Ticket { get; set; }
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("sessions");
        builder.HasKey(session => session.Id);
        builder.Property(session => session.Id).HasMaxLength(Session.PublicIdLength);
        builder.Property(session => session.SecretHash).HasMaxLength(SHA256.HashSizeInBytes);
        builder.Property(session => session.IpAddress).HasMaxLength(Session.LongestIpAddress);
        builder.Property(session => session.UserAgent).HasMaxLength(Session.LongestUserAgent);
        builder.HasIndex(session => session.SecretHash).IsUnique();
        builder.HasIndex(session => new { session.UserId, session.CreatedAt });
        builder.HasIndex(session => session.ExpiresAt);
        builder.HasOne<User>().WithMany().HasForeignKey(session => session.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
