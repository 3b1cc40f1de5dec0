using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Privileges;

internal sealed record PrivilegeView(long Id, string ResourceType, string ResourceId, long? UserId, long? GroupId, AccessLevel AccessLevel, long? GrantedBy, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>A privilege for a user or a group, one of both.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewPrivilege
{
    public required string ResourceType { get; init; }

    public required string ResourceId { get; init; }

    public long? UserId { get; init; }

    public long? GroupId { get; init; }

    public required AccessLevel AccessLevel { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Who may do what with one thing, beyond what permissions say. A privilege that has expired counts no more.</summary>
internal sealed class PrivilegeService(HostDatabase database, IdentityWriter writer, TimeProvider time)
{
    /// <summary>Whether the caller may, by a privilege of the caller's own or of an active group, or as one who may everything.</summary>
    public async Task<bool> AllowsAsync(ClaimsPrincipal principal, string resourceType, string resourceId, AccessLevel level, CancellationToken cancellationToken)
    {
        if (principal.Holds(Permissions.SystemAdmin))
        {
            return true;
        }

        if (principal.FindUserId() is not { } userId)
        {
            return false;
        }

        await using var context = database.CreateContext();
        return await Of(context, userId).AnyAsync(privilege => privilege.ResourceType == resourceType && privilege.ResourceId == resourceId && privilege.AccessLevel >= level, cancellationToken);
    }

    /// <summary>The ids of everything of a type that a user was given at least this much of.</summary>
    public async Task<IReadOnlyList<string>> ListIdsAsync(long userId, string resourceType, AccessLevel level, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await Of(context, userId).Where(privilege => privilege.ResourceType == resourceType && privilege.AccessLevel >= level).Select(privilege => privilege.ResourceId).Distinct().ToListAsync(cancellationToken);
    }

    public async Task<Page<PrivilegeView>> ListAsync(PageRequest page, string? resourceType, string? resourceId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var after = page.After ?? 0;
        var found = context.Set<AccessPrivilege>().AsNoTracking().Where(privilege => privilege.Id > after
            && (resourceType == null || privilege.ResourceType == resourceType) && (resourceId == null || privilege.ResourceId == resourceId));
        var rows = await found.OrderBy(privilege => privilege.Id).Take(page.Size + 1).ToListAsync(cancellationToken);
        return page.Cut([.. rows.Select(View)], privilege => privilege.Id);
    }

    /// <summary>Null when there is none.</summary>
    public async Task<PrivilegeView?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<AccessPrivilege>().AsNoTracking().SingleOrDefaultAsync(privilege => privilege.Id == id, cancellationToken) is { } found ? View(found) : null;
    }

    /// <summary>Gives one; whether the grantor may is the caller's to ask. One for the same holder and thing is changed.</summary>
    public Task<PrivilegeView> GrantAsync(Grantor by, NewPrivilege wanted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if ((wanted.UserId is null) == (wanted.GroupId is null))
        {
            throw HttpFaultException.Invalid("bad_holder", "A privilege is for a user or for a group.", "Name user_id or group_id, and not both.", "user_id");
        }

        if (wanted.ResourceType.Length is 0 or > AccessPrivilege.LongestType || wanted.ResourceId.Length is 0 or > AccessPrivilege.LongestId || !Enum.IsDefined(wanted.AccessLevel))
        {
            throw HttpFaultException.Invalid("bad_resource", $"'{wanted.ResourceType}' or '{wanted.ResourceId}' is empty or too long.", "Name the type and the id of a thing.", "resource_id");
        }

        var expiresAt = wanted.ExpiresAt?.ToUniversalTime();
        if (expiresAt <= now)
        {
            throw HttpFaultException.Invalid("bad_expiry", $"expires_at is {wanted.ExpiresAt:O}, which is over.", "Choose a time to come, or none.", "expires_at");
        }

        return writer.ChangeAsync(async (context, token) =>
        {
            if (wanted.UserId is { } userId && !await context.Set<User>().AnyAsync(user => user.Id == userId, token))
            {
                throw HttpFaultException.NotFound("no_user", $"There is no user {userId}.", "List the users.");
            }

            if (wanted.GroupId is { } groupId && !await context.Set<Group>().AnyAsync(group => group.Id == groupId, token))
            {
                throw HttpFaultException.NotFound("no_group", $"There is no group {groupId}.", "List the groups.");
            }

            var privilege = await context.Set<AccessPrivilege>().FirstOrDefaultAsync(
                found => found.ResourceType == wanted.ResourceType && found.ResourceId == wanted.ResourceId && found.UserId == wanted.UserId && found.GroupId == wanted.GroupId, token);
            if (privilege is null)
            {
                privilege = new AccessPrivilege { ResourceType = wanted.ResourceType, ResourceId = wanted.ResourceId, UserId = wanted.UserId, GroupId = wanted.GroupId, AccessLevel = wanted.AccessLevel, CreatedAt = now };
                context.Add(privilege);
            }

            (privilege.AccessLevel, privilege.ExpiresAt, privilege.GrantedBy) = (wanted.AccessLevel, expiresAt, by.UserId);
            await context.SaveChangesAsync(token);
            return (View(privilege), Entry(by, "privilege_granted", privilege));
        }, cancellationToken);
    }

    public Task RevokeAsync(Grantor by, long id, CancellationToken cancellationToken) => writer.ChangeAsync(async (context, token) =>
    {
        var privilege = await context.Set<AccessPrivilege>().SingleOrDefaultAsync(found => found.Id == id, token) ?? throw HttpFaultException.NotFound("no_privilege", $"There is no privilege {id}.", "List the privileges.");
        context.Remove(privilege);
        return Entry(by, "privilege_revoked", privilege);
    }, cancellationToken);

    private IQueryable<AccessPrivilege> Of(HostDbContext context, long userId)
    {
        var now = time.GetUtcNow();
        var groups =
            from member in context.Set<UserGroup>()
            join found in context.Set<Group>() on member.GroupId equals found.Id
            where member.UserId == userId && found.IsActive
            select (long?)found.Id;
        return context.Set<AccessPrivilege>().Where(privilege => (privilege.ExpiresAt == null || privilege.ExpiresAt > now) && (privilege.UserId == userId || groups.Contains(privilege.GroupId)));
    }

    private static PrivilegeView View(AccessPrivilege found) =>
        new(found.Id, found.ResourceType, found.ResourceId, found.UserId, found.GroupId, found.AccessLevel, found.GrantedBy, found.CreatedAt, found.ExpiresAt);

    private static AuditEntry Entry(Grantor by, string action, AccessPrivilege privilege) => new()
    {
        Actor = by.Actor,
        Action = action,
        ResourceType = privilege.ResourceType,
        ResourceId = privilege.ResourceId,
        Details = new AuditDetails { Name = string.Create(CultureInfo.InvariantCulture, $"{(privilege.UserId is null ? "group" : "user")} {privilege.UserId ?? privilege.GroupId}"), To = privilege.AccessLevel.ToString() },
    };
}
