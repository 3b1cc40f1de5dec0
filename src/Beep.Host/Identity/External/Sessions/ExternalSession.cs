using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Beep.Host.Identity.External.Sessions;

/// <summary>What a provider's sign-in left with a session. The tokens never reach a browser.</summary>
internal sealed class ExternalSession
{
    public const int LongestProviderSession = 255;

    public required string SessionId { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>The provider's own name for its session, by which it signs it out.</summary>
    public string? ProviderSession { get; init; }

    /// <summary>ID, access and refresh token, protected by a key that is not in the database.</summary>
    public required byte[] Tokens { get; set; }

    /// <summary>When the access token is good no more; null where the provider does not say.</summary>
    public DateTimeOffset? TokenExpiresAt { get; set; }

    /// <summary>When to ask for the next one; null where that cannot be asked.</summary>
    public DateTimeOffset? RefreshAt { get; set; }

    /// <summary>Until when a host has the asking to itself: a refresh token is used once.</summary>
    public DateTimeOffset? ClaimedUntilAt { get; set; }
}

internal sealed class ExternalSessionConfiguration : IEntityTypeConfiguration<ExternalSession>
{
    public void Configure(EntityTypeBuilder<ExternalSession> builder)
    {
        builder.ToTable("external_sessions");
        builder.HasKey(external => external.SessionId);
        builder.Property(external => external.SessionId).HasMaxLength(Session.PublicIdLength);
        builder.Property(external => external.Issuer).HasMaxLength(User.LongestIssuer);
        builder.Property(external => external.Subject).HasMaxLength(User.LongestIssuer);
        builder.Property(external => external.ProviderSession).HasMaxLength(ExternalSession.LongestProviderSession);
        builder.HasIndex(external => new { external.Issuer, external.Subject });
        builder.HasIndex(external => new { external.Issuer, external.ProviderSession });
        builder.HasIndex(external => external.RefreshAt);
        builder.HasOne<Session>().WithOne().HasForeignKey<ExternalSession>(external => external.SessionId).OnDelete(DeleteBehavior.Cascade);
    }
}
