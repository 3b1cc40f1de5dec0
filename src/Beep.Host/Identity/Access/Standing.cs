using Beep.Host.Data;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Access;

/// <summary>A user with all that the user's role and active groups give now.</summary>
internal sealed record Standing(User User, IReadOnlyList<string> Roles, IReadOnlySet<string> Permissions)
{
    /// <summary>Whoever may everything has shorter sessions.</summary>
    public bool IsAdmin => Permissions.Contains(Hosting.Access.Permissions.SystemAdmin);

    /// <summary>Null when there is no such user.</summary>
    public static async Task<Standing?> ReadAsync(HostDbContext context, long userId, CancellationToken cancellationToken) =>
        await context.Set<User>().AsNoTracking().SingleOrDefaultAsync(user => user.Id == userId, cancellationToken) is { } user ? await OfAsync(context, user, cancellationToken) : null;

    /// <summary>Of a user who has just been read.</summary>
    public static async Task<Standing> OfAsync(HostDbContext context, User user, CancellationToken cancellationToken)
    {
        var (userId, roleId) = (user.Id, user.RoleId);
        var carried =
            from member in context.Set<UserGroup>()
            join carries in context.Set<GroupRole>() on member.GroupId equals carries.GroupId
            join found in context.Set<Group>() on member.GroupId equals found.Id
            where member.UserId == userId && found.IsActive
            select carries.RoleId;
        var roles = await context.Set<Role>().AsNoTracking().Where(role => role.Id == roleId || carried.Contains(role.Id)).OrderBy(role => role.Id).ToListAsync(cancellationToken);
        return new Standing(user, [.. roles.Select(role => role.Name)], roles.SelectMany(role => role.Permissions).ToHashSet(StringComparer.Ordinal));
    }
}
