namespace Beep.Host.Identity.Groups;

/// <summary>People who share roles and privileges.</summary>
internal sealed class Group
{
    public const string Default = "Default";
    public const int LongestName = 80;
    public const int LongestDescription = 500;

    public long Id { get; init; }

    public required string Name { get; set; }

    public string? Description { get; set; }

    /// <summary>A group that is not active gives its members nothing.</summary>
    public bool IsActive { get; set; } = true;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The user who made it; null for the host, and after that user is gone.</summary>
    public long? CreatedBy { get; init; }
}

/// <summary>That a user is in a group.</summary>
internal sealed class UserGroup
{
    public required long UserId { get; init; }

    public required long GroupId { get; init; }

    public required DateTimeOffset AddedAt { get; init; }

    public long? AddedBy { get; init; }
}

/// <summary>That a group's members have a role.</summary>
internal sealed class GroupRole
{
    public required long GroupId { get; init; }

    public required long RoleId { get; init; }
}
