using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Roles;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity;

/// <summary>Makes the roles and the group that come with the product, where they are not there or are those of an earlier version.</summary>
internal sealed class IdentitySeeder(HostDatabase database, AuditWriter audit, TimeProvider time)
{
    /// <summary>Changes nothing where all is as it should be; several at once do it once.</summary>
    public async Task SeedAsync(CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        if (await IsCompleteAsync(context, cancellationToken))
        {
            return;
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await IdentityWriter.LockAsync(context, cancellationToken);
        if (await IsCompleteAsync(context, cancellationToken))
        {
            return;
        }

        var roles = await context.Set<Role>().ToListAsync(cancellationToken);
        var changed = 0;
        foreach (var (name, description, permissions) in SystemRoles.All)
        {
            if (roles.FirstOrDefault(role => role.Name == name) is not { } role)
            {
                context.Add(new Role { Name = name, Description = description, Permissions = permissions, IsSystem = true, CreatedAt = time.GetUtcNow() });
                changed++;
            }
            else if (!IsAsShipped(role, permissions))
            {
                role.Permissions = permissions;
                changed++;
            }
        }

        if (!await context.Set<Group>().AnyAsync(group => group.Name == Group.Default, cancellationToken))
        {
            context.Add(new Group { Name = Group.Default, Description = "Everybody who is put here.", CreatedAt = time.GetUtcNow() });
            changed++;
        }

        await audit.AppendAsync(context, new AuditEntry { Actor = AuditActors.System, Action = "system_roles_seeded", ResourceType = "role", Details = new AuditDetails { Count = changed } }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<bool> IsCompleteAsync(HostDbContext context, CancellationToken cancellationToken)
    {
        var roles = await context.Set<Role>().AsNoTracking().Where(role => role.IsSystem).ToListAsync(cancellationToken);
        return SystemRoles.All.All(shipped => roles.Any(role => role.Name == shipped.Name && IsAsShipped(role, shipped.Permissions)))
            && await context.Set<Group>().AnyAsync(group => group.Name == Group.Default, cancellationToken);
    }

    private static bool IsAsShipped(Role role, IReadOnlyList<string> permissions) => role.Permissions.ToHashSet(StringComparer.Ordinal).SetEquals(permissions);
}
