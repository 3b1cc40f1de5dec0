using System.Text.Json.Serialization;

namespace Beep.Host.Identity.Groups;

internal sealed record GroupView
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public required bool IsActive { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required int Members { get; init; }

    /// <summary>The ids of the roles that its members have through it.</summary>
    public required IReadOnlyList<long> RoleIds { get; init; }
}

internal sealed record MemberView(long UserId, [property: JsonPropertyName("username")] string UserName, string? DisplayName, DateTimeOffset AddedAt);

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewGroup
{
    public required string Name { get; init; }

    public string? Description { get; init; }
}

/// <summary>What is absent stays.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record GroupChange
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public bool? IsActive { get; init; }
}
