using System.Text.Json.Serialization;

namespace Beep.Host.Identity.Users;

/// <summary>A user as lists and answers show it.</summary>
internal sealed record UserView
{
    public required long Id { get; init; }

    [JsonPropertyName("username")]
    public required string UserName { get; init; }

    public string? Email { get; init; }

    public string? DisplayName { get; init; }

    public required long RoleId { get; init; }

    public required string Role { get; init; }

    public required bool IsActive { get; init; }

    public required bool IsExternal { get; init; }

    public required bool MustChangePassword { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastLoginAt { get; init; }
}

/// <summary>A user who was just made or given a password; the password is in no other answer.</summary>
internal sealed record UserWithPassword(UserView User, string? TemporaryPassword);

/// <summary>A new user. Without a password, one is drawn; either must be changed at the first sign-in.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewUser
{
    [JsonPropertyName("username")]
    public required string UserName { get; init; }

    public string? Email { get; init; }

    public string? DisplayName { get; init; }

    /// <summary>Guest where none is named.</summary>
    public long? RoleId { get; init; }

    public string? Password { get; init; }
}

/// <summary>What of a user changes; what is absent stays, an empty text takes away.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record UserChange
{
    public string? Email { get; init; }

    public string? DisplayName { get; init; }

    public long? RoleId { get; init; }

    public bool? IsActive { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PasswordReset
{
    public string? Password { get; init; }
}
