using System.Globalization;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Tokens;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Users;

/// <summary>Users: made, listed, changed, given a new password, deleted. One active Admin always stays.</summary>
internal sealed class UserService(HostDatabase database, IdentityWriter writer, IdentityUsers users, PasswordService passwords, SessionService sessions, TokenService tokens, TimeProvider time)
{
    public async Task<Page<UserView>> ListAsync(PageRequest page, string? search, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var (after, term) = (page.After ?? 0, search?.Trim().ToUpperInvariant());
        var found = context.Set<User>().Where(user => user.Id > after);
        if (term is { Length: > 0 })
        {
#pragma warning disable CA1862 // The database compares, and knows no such argument.
            found = found.Where(user => user.NormalizedUserName!.Contains(term) || (user.NormalizedEmail != null && user.NormalizedEmail.Contains(term)) || (user.DisplayName != null && user.DisplayName.ToUpper().Contains(term)));
#pragma warning restore CA1862
        }

        return page.Cut(await View(context, found).OrderBy(user => user.Id).Take(page.Size + 1).ToListAsync(cancellationToken), user => user.Id);
    }

    /// <exception cref="HttpFaultException">There is none.</exception>
    public async Task<UserView> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await View(context, context.Set<User>().Where(user => user.Id == id)).SingleOrDefaultAsync(cancellationToken) ?? throw NoUser(id);
    }

    public async Task<UserView?> FindByNameAsync(string userName, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var name = users.Over(context).NormalizeName(userName);
        return await View(context, context.Set<User>().Where(user => user.NormalizedUserName == name)).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Makes a user who must change the password at the first sign-in.</summary>
    public async Task<UserWithPassword> CreateAsync(Grantor by, NewUser wanted, CancellationToken cancellationToken)
    {
        UserRules.Require(wanted.UserName, wanted.Email, wanted.DisplayName);
        var generated = wanted.Password is null ? PasswordService.Generate() : null;
        var hash = await passwords.HashNewAsync(wanted.Password ?? generated!, wanted.UserName, cancellationToken);
        var id = await writer.ChangeAsync(async (context, token) =>
        {
            var role = await RequireRoleAsync(context, wanted.RoleId, token);
            by.RequireHeld(role.Permissions);
            var user = new User
            {
                UserName = wanted.UserName,
                Email = UserRules.NullIfEmpty(wanted.Email),
                DisplayName = UserRules.NullIfEmpty(wanted.DisplayName),
                PasswordHash = hash,
                MustChangePassword = true,
                CreatedAt = time.GetUtcNow(),
                RoleId = role.Id,
            };
            IdentityUsers.Require(await users.Over(context).CreateAsync(user), wanted.UserName);
            return (user.Id, Entry(by.Actor, "user_created", user, to: role.Name));
        }, cancellationToken);
        return new UserWithPassword(await GetAsync(id, cancellationToken), generated);
    }

    /// <summary>Changes a user; another role or the end of being active ends the user's sessions.</summary>
    public async Task<UserView> UpdateAsync(Grantor by, long id, UserChange change, CancellationToken cancellationToken)
    {
        UserRules.Require(null, change.Email, change.DisplayName);
        var (ended, revoked) = await writer.ChangeAsync(async (context, token) =>
        {
            var (manager, user) = await RequireManageableAsync(context, by, id, token);
            var from = await context.Set<Role>().Where(role => role.Id == user.RoleId).Select(role => role.Name).SingleAsync(token);
            var (fields, to) = (new List<string>(), (string?)null);
            Set(change.Email, user.Email, "email", value => user.Email = value);
            Set(change.DisplayName, user.DisplayName, "display_name", value => user.DisplayName = value);
            if (change.RoleId is { } roleId && roleId != user.RoleId)
            {
                if (user.IsExternal)
                {
                    throw HttpFaultException.Conflict("role_is_external", $"The role of '{user.UserName}' comes from the provider.", "Change it there, or in IDENTITYSERVER_ROLE_MAP.");
                }

                var role = await RequireRoleAsync(context, roleId, token);
                by.RequireHeld(role.Permissions);
                await LastAdmin.RequireAnotherAsync(context, user, token);
                (user.RoleId, to) = (role.Id, role.Name);
                fields.Add("role_id");
            }

            if (change.IsActive is { } isActive && isActive != user.IsActive)
            {
                if (!isActive)
                {
                    await LastAdmin.RequireAnotherAsync(context, user, token);
                }

                user.IsActive = isActive;
                fields.Add("is_active");
            }

            IdentityUsers.Require(await manager.UpdateAsync(user), user.UserName!);
            IReadOnlyList<string> ended = [], revoked = [];
            if (to is not null || !user.IsActive)
            {
                IdentityUsers.Require(await manager.UpdateSecurityStampAsync(user), user.UserName!);
                ended = await SessionService.RemoveAllAsync(context, id, null, token);
                revoked = user.IsActive ? [] : await TokenService.RevokeAllAsync(context, id, token);
            }

            var action = fields.Contains("is_active") ? user.IsActive ? "user_activated" : "user_deactivated" : "user_updated";
            return ((ended, revoked), Entry(by.Actor, action, user, fields, to is null ? null : from, to));

            void Set(string? value, string? old, string field, Action<string?> assign)
            {
                if (value is not null && UserRules.NullIfEmpty(value) != old)
                {
                    assign(UserRules.NullIfEmpty(value));
                    fields.Add(field);
                }
            }
        }, cancellationToken);
        Forget(ended, revoked);
        return await GetAsync(id, cancellationToken);
    }

    public Task<UserView> SetRoleAsync(Grantor by, long id, long roleId, CancellationToken cancellationToken) => UpdateAsync(by, id, new UserChange { RoleId = roleId }, cancellationToken);

    public Task<UserView> DeactivateAsync(Grantor by, long id, CancellationToken cancellationToken) => UpdateAsync(by, id, new UserChange { IsActive = false }, cancellationToken);

    /// <summary>Gives a user another password, which must be changed at the next sign-in; every session and token of the user ends.</summary>
    public async Task<UserWithPassword> ResetPasswordAsync(Grantor by, long id, string? password, CancellationToken cancellationToken)
    {
        var generated = password is null ? PasswordService.Generate() : null;
        var target = await GetAsync(id, cancellationToken);
        if (target.IsExternal)
        {
            throw HttpFaultException.Conflict("user_is_external", $"'{target.UserName}' signs in with the provider and has no password here.", "Reset it there.");
        }

        var hash = await passwords.HashNewAsync(password ?? generated!, target.UserName, cancellationToken);
        var (ended, revoked) = await writer.ChangeAsync(async (context, token) =>
        {
            var (manager, user) = await RequireManageableAsync(context, by, id, token);
            (user.PasswordHash, user.MustChangePassword) = (hash, true);
            IdentityUsers.Require(await manager.UpdateSecurityStampAsync(user), user.UserName!);
            var ended = await SessionService.RemoveAllAsync(context, id, null, token);
            return ((ended, await TokenService.RevokeAllAsync(context, id, token)), Entry(by.Actor, "password_reset", user));
        }, cancellationToken);
        Forget(ended, revoked);
        return new UserWithPassword(await GetAsync(id, cancellationToken), generated);
    }

    public async Task DeleteAsync(Grantor by, long id, CancellationToken cancellationToken)
    {
        var (ended, revoked) = await writer.ChangeAsync(async (context, token) =>
        {
            var (manager, user) = await RequireManageableAsync(context, by, id, token);
            await LastAdmin.RequireAnotherAsync(context, user, token);
            var ended = await SessionService.RemoveAllAsync(context, id, null, token);
            var revoked = await TokenService.RevokeAllAsync(context, id, token);
            IdentityUsers.Require(await manager.DeleteAsync(user), user.UserName!);
            return ((ended, revoked), Entry(by.Actor, "user_deleted", user));
        }, cancellationToken);
        Forget(ended, revoked);
    }

    /// <summary>What a user changes of the own profile.</summary>
    public async Task<UserView> UpdateOwnAsync(Grantor by, string? email, string? displayName, CancellationToken cancellationToken)
    {
        UserRules.Require(null, email, displayName);
        var id = by.UserId!.Value;
        await writer.ChangeAsync(async (context, token) =>
        {
            var manager = users.Over(context);
            var user = await context.Set<User>().SingleAsync(found => found.Id == id, token);
            user.Email = email is null ? user.Email : UserRules.NullIfEmpty(email);
            user.DisplayName = displayName is null ? user.DisplayName : UserRules.NullIfEmpty(displayName);
            IdentityUsers.Require(await manager.UpdateAsync(user), user.UserName!);
            return Entry(by.Actor, "profile_updated", user);
        }, cancellationToken);
        return await GetAsync(id, cancellationToken);
    }

    private void Forget(IReadOnlyList<string> ended, IReadOnlyList<string> revoked)
    {
        sessions.Forget(ended);
        tokens.Forget(revoked);
        sessions.Refresh();
    }

    /// <summary>The user, where the grantor holds all that the user does: who could reset the password of a mightier one would be it.</summary>
    private async Task<(UserManager<User> Manager, User User)> RequireManageableAsync(HostDbContext context, Grantor by, long id, CancellationToken cancellationToken)
    {
        var held = await Standing.ReadAsync(context, id, cancellationToken) ?? throw NoUser(id);
        if (by.UserId != id || by.Actor.Kind == AuditActorKind.Token)
        {
            by.RequireHeld(held.Permissions);
        }

        var manager = users.Over(context);
        return (manager, await context.Set<User>().SingleAsync(user => user.Id == id, cancellationToken));
    }

    private static async Task<Role> RequireRoleAsync(HostDbContext context, long? id, CancellationToken cancellationToken) =>
        await context.Set<Role>().SingleOrDefaultAsync(role => id == null ? role.Name == SystemRoles.Guest : role.Id == id, cancellationToken)
        ?? throw HttpFaultException.Invalid("no_role", $"There is no role {id}.", "List the roles.", "role_id");

    private static IQueryable<UserView> View(HostDbContext context, IQueryable<User> found) =>
        from user in found
        join role in context.Set<Role>() on user.RoleId equals role.Id
        select new UserView
        {
            Id = user.Id,
            UserName = user.UserName!,
            Email = user.Email,
            DisplayName = user.DisplayName,
            RoleId = user.RoleId,
            Role = role.Name,
            IsActive = user.IsActive,
            IsExternal = user.IsExternal,
            MustChangePassword = user.MustChangePassword,
            CreatedAt = user.CreatedAt,
            LastLoginAt = user.LastLoginAt,
        };

    private static HttpFaultException NoUser(long id) => HttpFaultException.NotFound("no_user", $"There is no user {id}.", "List the users.");

    private static AuditEntry Entry(AuditActor actor, string action, User user, IReadOnlyList<string>? fields = null, string? from = null, string? to = null, string? reason = null) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = "user",
        ResourceId = user.Id.ToString(CultureInfo.InvariantCulture),
        Details = new AuditDetails { Name = user.UserName, Fields = fields ?? [], From = from, To = to, Reason = reason },
    };
}
