using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Cli.Databases;

/// <summary>Links that sign an Admin in, for whoever owns the machine.</summary>
internal static class AdminLinks
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>The link of a token. What follows the # is sent to no server and stands in no log.</summary>
    public static string Of(Uri address, string token) => $"{new Uri(address, SignInLinkService.Page)}#{token}";

    /// <summary>The active Admin of a name; the first one where none is named.</summary>
    /// <exception cref="FaultException">There is none.</exception>
    public static async Task<(long Id, string Name)> FindAdminAsync(HostDatabase database, string? name, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var admins =
            from user in context.Set<User>()
            join role in context.Set<Role>() on user.RoleId equals role.Id
            where role.Name == SystemRoles.Admin && user.IsActive
            orderby user.Id
            select user;
        var normalized = name?.ToUpperInvariant();
        var found = await admins.FirstOrDefaultAsync(user => normalized == null || user.NormalizedUserName == normalized, cancellationToken).ConfigureAwait(false)
            ?? throw FaultException.Invalid("no_admin", name is null ? $"There is no active {SystemRoles.Admin}." : $"There is no active {SystemRoles.Admin} '{name}'.", $"Make one: {CommandLineText.Call("admin", "create")}");
        return (found.Id, found.UserName!);
    }
}
