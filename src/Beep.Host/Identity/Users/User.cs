using Microsoft.AspNetCore.Identity;

namespace Beep.Host.Identity.Users;

/// <summary>Somebody who may sign in. What the library knows of and this product does not use is not stored.</summary>
internal sealed class User : IdentityUser<long>
{
    public const int LongestName = 80;
    public const int LongestEmail = 120;
    public const int LongestDisplayName = 120;
    public const int LongestHash = 255;
    public const int LongestStamp = 64;
    public const int LongestIssuer = 255;

    public string? DisplayName { get; set; }

    public bool IsActive { get; set; } = true;

    /// <summary>Whether nothing else may be done before a password of one's own is set.</summary>
    public bool MustChangePassword { get; set; }

    /// <summary>Whether the organisation's provider signs the user in.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Who vouches for the user; with the subject it is the only key to an external user.</summary>
    public string? ExternalIssuer { get; set; }

    public string? ExternalSubject { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastLoginAt { get; set; }

    public required long RoleId { get; set; }
}
