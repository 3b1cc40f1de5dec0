using System.Globalization;
using System.Text.Json.Serialization;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Roles;

internal sealed record RoleView(long Id, string Name, string? Description, IReadOnlyList<string> Permissions, bool IsSystem, DateTimeOffset CreatedAt)
{
    public static RoleView Of(Role role) => new(role.Id, role.Name, role.Description, role.Permissions, role.IsSystem, role.CreatedAt);
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewRole
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    public required IReadOnlyList<string> Permissions { get; init; }
}

/// <summary>What is absent stays.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RoleChange
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<string>? Permissions { get; init; }
}

/// <summary>Roles of one's own; those that come with the product stay as they are.</summary>
internal sealed class RoleService(HostDatabase database, IdentityWriter writer, SessionService sessions, TimeProvider time)
{
    public async Task<Page<RoleView>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var after = page.After ?? 0;
        var roles = await context.Set<Role>().AsNoTracking().Where(role => role.Id > after).OrderBy(role => role.Id).Take(page.Size + 1).ToListAsync(cancellationToken);
        return page.Cut([.. roles.Select(RoleView.Of)], role => role.Id);
    }

    public async Task<RoleView> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return RoleView.Of(await RequireAsync(context, id, cancellationToken));
    }

    public Task<RoleView> CreateAsync(Grantor by, NewRole wanted, CancellationToken cancellationToken)
    {
        Check(wanted.Name, wanted.Description, wanted.Permissions);
        by.RequireHeld(wanted.Permissions);
        return writer.ChangeAsync(async (context, token) =>
        {
            await RequireFreeAsync(context, wanted.Name.Trim(), null, token);
            var role = new Role { Name = wanted.Name.Trim(), Description = wanted.Description, Permissions = [.. wanted.Permissions.Distinct(StringComparer.Ordinal)], CreatedAt = time.GetUtcNow() };
            context.Add(role);
            await context.SaveChangesAsync(token);
            return (RoleView.Of(role), Entry(by, "role_created", role));
        }, cancellationToken);
    }

    public async Task<RoleView> UpdateAsync(Grantor by, long id, RoleChange change, CancellationToken cancellationToken)
    {
        Check(change.Name, change.Description, change.Permissions);
        var view = await writer.ChangeAsync(async (context, token) =>
        {
            var role = await RequireOwnAsync(context, id, token);
            // Who could change a role that holds more could take it from everybody.
            by.RequireHeld(role.Permissions.Concat(change.Permissions ?? []));
            if (change.Name is not null)
            {
                await RequireFreeAsync(context, change.Name.Trim(), id, token);
                role.Name = change.Name.Trim();
            }

            role.Description = change.Description ?? role.Description;
            role.Permissions = change.Permissions is null ? role.Permissions : [.. change.Permissions.Distinct(StringComparer.Ordinal)];
            await context.SaveChangesAsync(token);
            return (RoleView.Of(role), Entry(by, "role_updated", role));
        }, cancellationToken);
        sessions.Refresh();
        return view;
    }

    public Task DeleteAsync(Grantor by, long id, CancellationToken cancellationToken) => writer.ChangeAsync(async (context, token) =>
    {
        var role = await RequireOwnAsync(context, id, token);
        by.RequireHeld(role.Permissions);
        if (await context.Set<User>().AnyAsync(user => user.RoleId == id, token) || await context.Set<GroupRole>().AnyAsync(carried => carried.RoleId == id, token))
        {
            throw HttpFaultException.Conflict("role_in_use", $"Users or groups have the role '{role.Name}'.", "Give them another one first.");
        }

        context.Remove(role);
        return Entry(by, "role_deleted", role);
    }, cancellationToken);

    private static async Task<Role> RequireAsync(HostDbContext context, long id, CancellationToken cancellationToken) =>
        await context.Set<Role>().SingleOrDefaultAsync(role => role.Id == id, cancellationToken) ?? throw HttpFaultException.NotFound("no_role", $"There is no role {id}.", "List the roles.");

    private static async Task<Role> RequireOwnAsync(HostDbContext context, long id, CancellationToken cancellationToken)
    {
        var role = await RequireAsync(context, id, cancellationToken);
        return role.IsSystem ? throw HttpFaultException.Conflict("system_role", $"The role '{role.Name}' comes with the product.", "Make a role of your own.") : role;
    }

    private static async Task RequireFreeAsync(HostDbContext context, string name, long? except, CancellationToken cancellationToken)
    {
        var names = await context.Set<Role>().Where(role => role.Id != except).Select(role => role.Name).ToListAsync(cancellationToken);
        if (names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw HttpFaultException.Conflict("role_name_taken", $"There is a role '{name}' already.", "Choose another name.");
        }
    }

    private static void Check(string? name, string? description, IReadOnlyList<string>? permissions)
    {
        var faults = new List<Fault>();
        if (name is not null && (name.Trim().Length is 0 or > Role.LongestName || name.Any(char.IsControl)))
        {
            faults.Add(new Fault("bad_name", $"The name has {name.Trim().Length} characters, or control characters among them.", $"Use 1 to {Role.LongestName}.", "name"));
        }

        if (description?.Length > Role.LongestDescription)
        {
            faults.Add(new Fault("bad_description", $"The description has {description.Length} characters.", $"Use at most {Role.LongestDescription}.", "description"));
        }

        faults.AddRange((permissions ?? []).Where(permission => !Permissions.All.ContainsKey(permission))
            .Select(permission => new Fault("unknown_permission", $"There is no permission '{permission}'.", "See /api/v1/permissions.", "permissions")));
        if (faults.Count > 0)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
        }
    }

    private static AuditEntry Entry(Grantor by, string action, Role role) => new()
    {
        Actor = by.Actor,
        Action = action,
        ResourceType = "role",
        ResourceId = role.Id.ToString(CultureInfo.InvariantCulture),
        Details = new AuditDetails { Name = role.Name, To = string.Join(' ', role.Permissions) },
    };
}
