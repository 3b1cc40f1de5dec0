using System.Globalization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Roles;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Users;

/// <summary>What an Admin is made of.</summary>
internal sealed record AdminDraft(string UserName, string Password)
{
    public string? Email { get; init; }

    public string? DisplayName { get; init; }

    /// <summary>Where somebody else than its holder knows the password.</summary>
    public bool MustChangePassword { get; init; } = true;
}

/// <summary>Makes an Admin where nobody is there yet who could: for the setup wizard and the command line.</summary>
internal sealed class AdminBootstrap(IdentityUsers users, PasswordService passwords, AuditWriter audit, TimeProvider time)
{
    /// <summary>
    /// In the caller's open transaction, which decides with everything else in it. Of several at once one makes the Admin; the
    /// others find it. The roles must have been seeded.
    /// </summary>
    /// <exception cref="HttpFaultException">409 <c>admin_exists</c>, or the draft breaks a rule.</exception>
    public async Task<User> CreateFirstAdminAsync(HostDbContext context, AdminDraft draft, AuditActor actor, CancellationToken cancellationToken)
    {
        await IdentityWriter.LockAsync(context, cancellationToken);
        var role = await AdminRoleAsync(context, cancellationToken);
        if (await context.Set<User>().AnyAsync(user => user.RoleId == role.Id, cancellationToken))
        {
            throw HttpFaultException.Conflict("admin_exists", $"There is an {SystemRoles.Admin} already.", "Sign in as that user.");
        }

        return await CreateAsync(context, role, draft, actor, cancellationToken);
    }

    /// <summary>As the other, beside the Admins that there are: for whoever owns the machine.</summary>
    public async Task<User> CreateAdminAsync(HostDbContext context, AdminDraft draft, AuditActor actor, CancellationToken cancellationToken)
    {
        await IdentityWriter.LockAsync(context, cancellationToken);
        return await CreateAsync(context, await AdminRoleAsync(context, cancellationToken), draft, actor, cancellationToken);
    }

    private async Task<User> CreateAsync(HostDbContext context, Role role, AdminDraft draft, AuditActor actor, CancellationToken cancellationToken)
    {
        if (context.Database.CurrentTransaction is null)
        {
            throw new InvalidOperationException("An Admin is made in a transaction of the caller's.");
        }

        UserRules.Require(draft.UserName, draft.Email, draft.DisplayName);
        var user = new User
        {
            UserName = draft.UserName,
            Email = UserRules.NullIfEmpty(draft.Email),
            DisplayName = UserRules.NullIfEmpty(draft.DisplayName),
            PasswordHash = await passwords.HashNewAsync(draft.Password, draft.UserName, cancellationToken),
            MustChangePassword = draft.MustChangePassword,
            CreatedAt = time.GetUtcNow(),
            RoleId = role.Id,
        };
        IdentityUsers.Require(await users.Over(context).CreateAsync(user), draft.UserName);
        await audit.AppendAsync(context, new AuditEntry
        {
            Actor = actor,
            Action = "user_created",
            ResourceType = "user",
            ResourceId = user.Id.ToString(CultureInfo.InvariantCulture),
            Details = new AuditDetails { Name = user.UserName, To = role.Name },
        }, cancellationToken);
        return user;
    }

    private static async Task<Role> AdminRoleAsync(HostDbContext context, CancellationToken cancellationToken) =>
        await context.Set<Role>().SingleOrDefaultAsync(role => role.Name == SystemRoles.Admin && role.IsSystem, cancellationToken)
        ?? throw new InvalidOperationException($"The roles are not there; {nameof(IdentitySeeder)} makes them.");
}
