using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Roles;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Users;

/// <summary>That somebody stays who may everything. Ask under the lock of <see cref="IdentityWriter"/>, before the change is saved.</summary>
internal static class LastAdmin
{
    /// <exception cref="HttpFaultException">The user is the only active Admin.</exception>
    public static async Task RequireAnotherAsync(HostDbContext context, User user, CancellationToken cancellationToken)
    {
        if (await IsLastAsync(context, user, cancellationToken))
        {
            throw HttpFaultException.Conflict("last_admin", $"'{user.UserName}' is the last active {SystemRoles.Admin}.", $"Make somebody else {SystemRoles.Admin} first.");
        }
    }

    public static async Task<bool> IsLastAsync(HostDbContext context, User user, CancellationToken cancellationToken)
    {
        var adminRole = await context.Set<Role>().Where(role => role.Name == SystemRoles.Admin && role.IsSystem).Select(role => role.Id).SingleAsync(cancellationToken);
        var was = await context.Set<User>().AsNoTracking().Where(found => found.Id == user.Id).Select(found => found.IsActive && found.RoleId == adminRole).SingleAsync(cancellationToken);
        return was && !await context.Set<User>().AnyAsync(other => other.Id != user.Id && other.IsActive && other.RoleId == adminRole, cancellationToken);
    }
}
