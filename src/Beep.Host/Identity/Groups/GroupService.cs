using System.Globalization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Groups;

/// <summary>Groups: who is in them and which roles they carry. Only who holds what a group gives may change it.</summary>
internal sealed class GroupService(HostDatabase database, IdentityWriter writer, SessionService sessions, TimeProvider time)
{
    public async Task<Page<GroupView>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var after = page.After ?? 0;
        return page.Cut(await View(context, context.Set<Group>().Where(group => group.Id > after)).OrderBy(group => group.Id).Take(page.Size + 1).ToListAsync(cancellationToken), group => group.Id);
    }

    public async Task<GroupView> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await View(context, context.Set<Group>().Where(group => group.Id == id)).SingleOrDefaultAsync(cancellationToken) ?? throw NoGroup(id);
    }

    public async Task<Page<MemberView>> ListMembersAsync(long id, PageRequest page, CancellationToken cancellationToken)
    {
        await GetAsync(id, cancellationToken);
        await using var context = database.CreateContext();
        var after = page.After ?? 0;
        var members =
            from member in context.Set<UserGroup>()
            join user in context.Set<User>() on member.UserId equals user.Id
            where member.GroupId == id && user.Id > after
            orderby user.Id
            select new MemberView(user.Id, user.UserName!, user.DisplayName, member.AddedAt);
        return page.Cut(await members.Take(page.Size + 1).ToListAsync(cancellationToken), member => member.UserId);
    }

    public async Task<GroupView> CreateAsync(Grantor by, NewGroup wanted, CancellationToken cancellationToken)
    {
        Check(wanted.Name, wanted.Description);
        var id = await writer.ChangeAsync(async (context, token) =>
        {
            await RequireFreeAsync(context, wanted.Name.Trim(), null, token);
            var group = new Group { Name = wanted.Name.Trim(), Description = wanted.Description, CreatedAt = time.GetUtcNow(), CreatedBy = by.UserId };
            context.Add(group);
            await context.SaveChangesAsync(token);
            return (group.Id, Entry(by, "group_created", group));
        }, cancellationToken);
        return await GetAsync(id, cancellationToken);
    }

    public async Task<GroupView> UpdateAsync(Grantor by, long id, GroupChange change, CancellationToken cancellationToken)
    {
        Check(change.Name, change.Description);
        await ChangeAsync(by, id, async (context, group, token) =>
        {
            if (change.Name is not null)
            {
                await RequireFreeAsync(context, change.Name.Trim(), id, token);
                group.Name = change.Name.Trim();
            }

            (group.Description, group.IsActive) = (change.Description ?? group.Description, change.IsActive ?? group.IsActive);
            return Entry(by, "group_updated", group);
        }, cancellationToken);
        return await GetAsync(id, cancellationToken);
    }

    public Task DeleteAsync(Grantor by, long id, CancellationToken cancellationToken) => ChangeAsync(by, id, (context, group, _) =>
    {
        context.Remove(group);
        return Task.FromResult(Entry(by, "group_deleted", group));
    }, cancellationToken);

    /// <summary>Puts a user in; one who is in stays.</summary>
    public Task AddMemberAsync(Grantor by, long id, long userId, CancellationToken cancellationToken) => ChangeAsync(by, id, async (context, group, token) =>
    {
        if (await context.Set<User>().Where(user => user.Id == userId).Select(user => user.UserName).SingleOrDefaultAsync(token) is not { } name)
        {
            throw HttpFaultException.NotFound("no_user", $"There is no user {userId}.", "List the users.");
        }

        if (!await context.Set<UserGroup>().AnyAsync(member => member.GroupId == id && member.UserId == userId, token))
        {
            context.Add(new UserGroup { GroupId = id, UserId = userId, AddedAt = time.GetUtcNow(), AddedBy = by.UserId });
        }

        return Entry(by, "group_member_added", group, name);
    }, cancellationToken);

    /// <summary>Takes a user out; one who is not in stays out.</summary>
    public Task RemoveMemberAsync(Grantor by, long id, long userId, CancellationToken cancellationToken) => ChangeAsync(by, id, async (context, group, token) =>
    {
        await context.Set<UserGroup>().Where(member => member.GroupId == id && member.UserId == userId).ExecuteDeleteAsync(token);
        return Entry(by, "group_member_removed", group, await context.Set<User>().Where(user => user.Id == userId).Select(user => user.UserName).SingleOrDefaultAsync(token));
    }, cancellationToken);

    public Task AddRoleAsync(Grantor by, long id, long roleId, CancellationToken cancellationToken) => ChangeAsync(by, id, async (context, group, token) =>
    {
        var role = await context.Set<Role>().SingleOrDefaultAsync(found => found.Id == roleId, token) ?? throw HttpFaultException.NotFound("no_role", $"There is no role {roleId}.", "List the roles.");
        by.RequireHeld(role.Permissions);
        if (!await context.Set<GroupRole>().AnyAsync(carried => carried.GroupId == id && carried.RoleId == roleId, token))
        {
            context.Add(new GroupRole { GroupId = id, RoleId = roleId });
        }

        return Entry(by, "group_role_added", group, role.Name);
    }, cancellationToken);

    public Task RemoveRoleAsync(Grantor by, long id, long roleId, CancellationToken cancellationToken) => ChangeAsync(by, id, async (context, group, token) =>
    {
        await context.Set<GroupRole>().Where(carried => carried.GroupId == id && carried.RoleId == roleId).ExecuteDeleteAsync(token);
        return Entry(by, "group_role_removed", group, await context.Set<Role>().Where(role => role.Id == roleId).Select(role => role.Name).SingleOrDefaultAsync(token));
    }, cancellationToken);

    private async Task ChangeAsync(Grantor by, long id, Func<HostDbContext, Group, CancellationToken, Task<AuditEntry>> change, CancellationToken cancellationToken)
    {
        await writer.ChangeAsync(async (context, token) =>
        {
            var group = await context.Set<Group>().SingleOrDefaultAsync(found => found.Id == id, token) ?? throw NoGroup(id);
            var roles = await context.Set<Role>().Where(role => context.Set<GroupRole>().Any(carried => carried.GroupId == id && carried.RoleId == role.Id)).AsNoTracking().ToListAsync(token);
            by.RequireHeld(roles.SelectMany(role => role.Permissions));
            return await change(context, group, token);
        }, cancellationToken);
        sessions.Refresh();
    }

    private static IQueryable<GroupView> View(HostDbContext context, IQueryable<Group> found) =>
        from item in found
        select new GroupView
        {
            Id = item.Id,
            Name = item.Name,
            Description = item.Description,
            IsActive = item.IsActive,
            CreatedAt = item.CreatedAt,
            Members = context.Set<UserGroup>().Count(member => member.GroupId == item.Id),
            RoleIds = context.Set<GroupRole>().Where(carried => carried.GroupId == item.Id).OrderBy(carried => carried.RoleId).Select(carried => carried.RoleId).ToList(),
        };

    private static async Task RequireFreeAsync(HostDbContext context, string name, long? except, CancellationToken cancellationToken)
    {
        var names = await context.Set<Group>().Where(group => group.Id != except).Select(group => group.Name).ToListAsync(cancellationToken);
        if (names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw HttpFaultException.Conflict("group_name_taken", $"There is a group '{name}' already.", "Choose another name.");
        }
    }

    private static void Check(string? name, string? description)
    {
        if (name is not null && (name.Trim().Length is 0 or > Group.LongestName || name.Any(char.IsControl)))
        {
            throw HttpFaultException.Invalid("bad_name", $"The name has {name.Trim().Length} characters, or control characters among them.", $"Use 1 to {Group.LongestName}.", "name");
        }

        if (description?.Length > Group.LongestDescription)
        {
            throw HttpFaultException.Invalid("bad_description", $"The description has {description.Length} characters.", $"Use at most {Group.LongestDescription}.", "description");
        }
    }

    private static HttpFaultException NoGroup(long id) => HttpFaultException.NotFound("no_group", $"There is no group {id}.", "List the groups.");

    private static AuditEntry Entry(Grantor by, string action, Group group, string? to = null) => new()
    {
        Actor = by.Actor,
        Action = action,
        ResourceType = "group",
        ResourceId = group.Id.ToString(CultureInfo.InvariantCulture),
        Details = new AuditDetails { Name = group.Name, To = to },
    };
}
