using System.Globalization;
using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Mapping;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.External;

/// <summary>
/// The users whom the provider vouches for: made at the first time, kept as it says at each sign-in and refresh. They are known by
/// issuer and subject and nothing else, so that no name or address of theirs ever leads to somebody else's account.
/// </summary>
internal sealed class ExternalAccounts(HostOptions options, IdentityUsers users, IdentityWriter writer, HostDatabase database, SessionService sessions, TimeProvider time)
{
    /// <summary>Lets somebody in: returns the id of the user.</summary>
    /// <param name="identity">As it was proven.</param>
    /// <param name="userInfo">What else the provider says; null where it says nothing.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="isKnown">Whether the user is in already: one who is gone meanwhile is not made anew.</param>
    /// <exception cref="ProviderException">The user may not: <c>not_mapped</c>, <c>inactive_user</c>.</exception>
    public async Task<long> AdmitAsync(ProviderIdentity identity, JsonElement? userInfo, CancellationToken cancellationToken, bool isKnown = false)
    {
        IReadOnlyList<JsonElement> sources = userInfo is { } more ? [identity.Claims, more] : [identity.Claims];
        var mapped = ClaimMapper.Map(options.IdentityServer, sources);
        await using var context = database.CreateContext();
        var role = await RoleAsync(context, mapped, cancellationToken);
        var groups = await GroupsAsync(context, mapped, cancellationToken);
        var known = await FindActiveAsync(context, identity, cancellationToken);
        if (known is not null && known.Email == mapped.Email && known.DisplayName == mapped.DisplayName && known.RoleId == role.Id && await HasGroupsAsync(context, known.Id, groups, cancellationToken))
        {
            return known.Id;
        }

        var id = await writer.ChangeAsync((change, token) => WriteAsync(change, identity, mapped, role, groups, isKnown, token), cancellationToken);
        sessions.Refresh();
        return id;
    }

    /// <summary>
    /// What the bearer of an access token may do. Who also signs in is what the last sign-in or renewal said: the token, which may be older
    /// and say less, changes nothing of it, and gives no more than both say. Of who never does, the tokens are all there is.
    /// </summary>
    /// <exception cref="ProviderException">As at a sign-in.</exception>
    public async Task<Standing> RecogniseAsync(ProviderIdentity identity, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        if (await FindActiveAsync(context, identity, cancellationToken) is not { LastLoginAt: not null } user)
        {
            var id = await AdmitAsync(identity, null, cancellationToken);
            return await Standing.ReadAsync(context, id, cancellationToken) ?? throw Inactive();
        }

        var held = await Standing.OfAsync(context, user, cancellationToken);
        user.RoleId = (await RoleAsync(context, ClaimMapper.Map(options.IdentityServer, identity.Claims), cancellationToken)).Id;
        var given = await Standing.OfAsync(context, user, cancellationToken);
        return given with { Roles = [.. given.Roles.Intersect(held.Roles)], Permissions = given.Permissions.Where(held.Permissions.Contains).ToHashSet(StringComparer.Ordinal) };
    }

    /// <summary>Makes a local user one whom the provider vouches for, too. The password stays, for the day that local sign-in comes back.</summary>
    /// <exception cref="ProviderException">Reason <c>linked_already</c>: the provider's account is somebody else's here, or the user is linked to another.</exception>
    public async Task LinkAsync(long userId, ProviderIdentity identity, AuditActor actor, CancellationToken cancellationToken)
    {
        await writer.ChangeAsync(async (context, token) =>
        {
            var user = await context.Set<User>().SingleAsync(found => found.Id == userId, token);
            var other = await FindAsync(context, identity, token);
            if ((other is not null && other.Id != userId) || (user.ExternalSubject is not null && (user.ExternalIssuer, user.ExternalSubject) != (identity.Issuer, identity.Subject)))
            {
                throw new ProviderException("linked_already", "The provider's account belongs to another user here, or the user to another account.");
            }

            (user.IsExternal, user.ExternalIssuer, user.ExternalSubject) = (true, identity.Issuer, identity.Subject);
            IdentityUsers.Require(await users.Over(context).UpdateAsync(user), user.UserName!);
            return Entry(actor, "user_linked", user, null, null);
        }, cancellationToken);
        sessions.Refresh();
    }

    /// <summary>Whether an Admin of this host is signed in with this provider now: without one, local sign-in must stay.</summary>
    public async Task<bool> HasAdminAsync(CancellationToken cancellationToken)
    {
        var issuer = options.IdentityServer.Authority is null ? "" : options.IdentityServer.Issuer;
        var (now, idle) = (time.GetUtcNow(), time.GetUtcNow() - SessionLimits.AdminIdle);
        await using var context = database.CreateContext();
        return await (
            from user in context.Set<User>()
            join role in context.Set<Role>() on user.RoleId equals role.Id
            join session in context.Set<Session>() on user.Id equals session.UserId
            join external in context.Set<ExternalSession>() on session.Id equals external.SessionId
            where user.IsActive && role.IsSystem && role.Name == SystemRoles.Admin && external.Issuer == issuer && session.ExpiresAt > now && session.LastSeenAt > idle
            select user.Id).AnyAsync(cancellationToken);
    }

    private async Task<(long Id, AuditEntry Entry)> WriteAsync(HostDbContext context, ProviderIdentity identity, MappedClaims mapped, Role role, GroupChoice groups, bool isKnown, CancellationToken cancellationToken)
    {
        var manager = users.Over(context);
        var user = await FindTrackedAsync(context, identity, cancellationToken);
        var isNew = user is null;
        if (user is { IsActive: false } || (isNew && isKnown))
        {
            throw Inactive();
        }

        string? from = null;
        if (user is null)
        {
            user = new User
            {
                UserName = await UserRules.FreeNameAsync(context, manager, mapped.UserName, cancellationToken),
                Email = mapped.Email,
                DisplayName = mapped.DisplayName,
                IsExternal = true,
                ExternalIssuer = identity.Issuer,
                ExternalSubject = identity.Subject,
                CreatedAt = time.GetUtcNow(),
                RoleId = role.Id,
            };
            IdentityUsers.Require(await manager.CreateAsync(user), user.UserName);
        }
        else
        {
            (user.Email, user.DisplayName) = (mapped.Email, mapped.DisplayName);
            // The last Admin stays, whatever the provider says: there would be nobody left to correct it.
            if (user.RoleId != role.Id && !await LastAdmin.IsLastAsync(context, user, cancellationToken))
            {
                from = await context.Set<Role>().Where(found => found.Id == user.RoleId).Select(found => found.Name).SingleAsync(cancellationToken);
                user.RoleId = role.Id;
            }

            IdentityUsers.Require(await manager.UpdateAsync(user), user.UserName!);
        }

        await SetGroupsAsync(context, user.Id, groups, cancellationToken);
        return (user.Id, Entry(AuditActors.System, isNew ? "user_created" : "user_updated", user, from, isNew || from is not null ? role.Name : null));
    }

    /// <summary>The mightiest of the roles that are mapped.</summary>
    private async Task<Role> RoleAsync(HostDbContext context, MappedClaims mapped, CancellationToken cancellationToken)
    {
        var roles = await context.Set<Role>().AsNoTracking().Where(role => mapped.Roles.Contains(role.Name) || role.Name == SystemRoles.Guest).ToListAsync(cancellationToken);
        var role = roles.Where(found => mapped.Roles.Contains(found.Name, StringComparer.Ordinal)).OrderByDescending(found => found.Permissions.Count).ThenBy(found => found.Id).FirstOrDefault();
        return role is null && options.IdentityServer.DeniesUnmapped
            ? throw new ProviderException("not_mapped", "None of the user's roles is in IDENTITYSERVER_ROLE_MAP, and who is not mapped is turned away.")
            : role ?? roles.Single(found => found.Name == SystemRoles.Guest);
    }

    private async Task<GroupChoice> GroupsAsync(HostDbContext context, MappedClaims mapped, CancellationToken cancellationToken)
    {
        var managed = options.IdentityServer.GroupMap.Values.Distinct().ToList();
        if (managed.Count == 0)
        {
            return new GroupChoice([], []);
        }

        var groups = await context.Set<Group>().AsNoTracking().Where(group => managed.Contains(group.Name)).Select(group => new { group.Id, group.Name }).ToListAsync(cancellationToken);
        return new GroupChoice([.. groups.Select(group => group.Id)], [.. groups.Where(group => mapped.Groups.Contains(group.Name, StringComparer.Ordinal)).Select(group => group.Id)]);
    }

    private static async Task<bool> HasGroupsAsync(HostDbContext context, long userId, GroupChoice groups, CancellationToken cancellationToken)
    {
        if (groups.Managed.Count == 0)
        {
            return true;
        }

        var held = await context.Set<UserGroup>().Where(member => member.UserId == userId && groups.Managed.Contains(member.GroupId)).Select(member => member.GroupId).ToListAsync(cancellationToken);
        return groups.Wanted.ToHashSet().SetEquals(held);
    }

    private async Task SetGroupsAsync(HostDbContext context, long userId, GroupChoice groups, CancellationToken cancellationToken)
    {
        if (groups.Managed.Count == 0)
        {
            return;
        }

        var held = await context.Set<UserGroup>().Where(member => member.UserId == userId && groups.Managed.Contains(member.GroupId)).ToListAsync(cancellationToken);
        context.RemoveRange(held.Where(member => !groups.Wanted.Contains(member.GroupId)));
        context.AddRange(groups.Wanted.Except(held.Select(member => member.GroupId)).Select(group => new UserGroup { UserId = userId, GroupId = group, AddedAt = time.GetUtcNow() }));
    }

    private static Task<User?> FindAsync(HostDbContext context, ProviderIdentity identity, CancellationToken cancellationToken) =>
        context.Set<User>().AsNoTracking().SingleOrDefaultAsync(found => found.ExternalIssuer == identity.Issuer && found.ExternalSubject == identity.Subject, cancellationToken);

    private static async Task<User?> FindActiveAsync(HostDbContext context, ProviderIdentity identity, CancellationToken cancellationToken) =>
        await FindAsync(context, identity, cancellationToken) is { } user ? user.IsActive ? user : throw Inactive() : null;

    private static Task<User?> FindTrackedAsync(HostDbContext context, ProviderIdentity identity, CancellationToken cancellationToken) =>
        context.Set<User>().SingleOrDefaultAsync(found => found.ExternalIssuer == identity.Issuer && found.ExternalSubject == identity.Subject, cancellationToken);

    private static ProviderException Inactive() => new("inactive_user", "The user was deactivated or deleted here.");

    private static AuditEntry Entry(AuditActor actor, string action, User user, string? from, string? to) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = "user",
        ResourceId = user.Id.ToString(CultureInfo.InvariantCulture),
        Details = new AuditDetails { Name = user.UserName, From = from, To = to, Reason = "external" },
    };

    /// <summary>The groups that the provider fills and empties, and those of them that a user is to be in.</summary>
    private sealed record GroupChoice(IReadOnlyList<long> Managed, IReadOnlyList<long> Wanted);
}
