using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Import;

/// <summary>What came over and what did not, each with the reason.</summary>
internal sealed record FlaskImport
{
    public List<string> Users { get; } = [];

    public List<(string Name, string Reason)> Skipped { get; } = [];

    /// <summary>Users who came over without a password that can be verified safely: each needs a reset.</summary>
    public List<string> NeedReset { get; } = [];

    public List<string> Roles { get; } = [];

    public List<string> Groups { get; } = [];

    public int Members { get; set; }
}

/// <summary>
/// Takes over the people of the predecessor. Hashes that can be verified come along and are replaced at the first sign-in.
/// Whatever has a name that is here already stays as it is here, so that a second import changes nothing.
/// </summary>
internal sealed class FlaskImporter(IdentityWriter writer, IdentityUsers users, TimeProvider time)
{
    // The predecessor's program made this one for everybody.
    private const string KnownPassword = "admin123";

    public async Task<FlaskImport> ImportAsync(FlaskDatabase source, AuditActor actor, CancellationToken cancellationToken)
    {
        // Before the transaction: each takes as long as a sign-in.
        var hashes = source.Users.ToDictionary(user => user.Id, SafeHash);
        return await writer.ChangeAsync(async (context, token) =>
        {
            var import = new FlaskImport();
            var roles = await ImportRolesAsync(context, source, import, token);
            var groups = await ImportGroupsAsync(context, source, import, token);
            var people = await ImportUsersAsync(context, source, roles, hashes, import, token);
            foreach (var (userId, groupId) in source.Members.Distinct())
            {
                if (people.TryGetValue(userId, out var user) && groups.TryGetValue(groupId, out var group))
                {
                    context.Add(new UserGroup { UserId = user, GroupId = group, AddedAt = time.GetUtcNow() });
                    import.Members++;
                }
            }

            return (import, new AuditEntry { Actor = actor, Action = "flask_imported", ResourceType = "user", Details = new AuditDetails { Count = import.Users.Count } });
        }, cancellationToken);
    }

    private async Task<Dictionary<long, long>> ImportRolesAsync(HostDbContext context, FlaskDatabase source, FlaskImport import, CancellationToken cancellationToken)
    {
        var (ours, map) = (await context.Set<Role>().ToListAsync(cancellationToken), new Dictionary<long, long>());
        foreach (var theirs in source.Roles)
        {
            var role = ours.FirstOrDefault(role => role.Name.Equals(theirs.Name, StringComparison.OrdinalIgnoreCase));
            if (role is null)
            {
                role = new Role { Name = Cut(theirs.Name, Role.LongestName)!, Description = Cut(theirs.Description, Role.LongestDescription), Permissions = [.. theirs.Permissions.Where(Permissions.All.ContainsKey).Distinct(StringComparer.Ordinal)], CreatedAt = time.GetUtcNow() };
                context.Add(role);
                await context.SaveChangesAsync(cancellationToken);
                ours.Add(role);
                import.Roles.Add(role.Name);
            }

            map[theirs.Id] = role.Id;
        }

        return map;
    }

    private async Task<Dictionary<long, long>> ImportGroupsAsync(HostDbContext context, FlaskDatabase source, FlaskImport import, CancellationToken cancellationToken)
    {
        var (ours, map) = (await context.Set<Group>().ToListAsync(cancellationToken), new Dictionary<long, long>());
        foreach (var theirs in source.Groups)
        {
            var group = ours.FirstOrDefault(group => group.Name.Equals(theirs.Name, StringComparison.OrdinalIgnoreCase));
            if (group is null)
            {
                group = new Group { Name = Cut(theirs.Name, Group.LongestName)!, Description = Cut(theirs.Description, Group.LongestDescription), IsActive = theirs.IsActive, CreatedAt = time.GetUtcNow() };
                context.Add(group);
                await context.SaveChangesAsync(cancellationToken);
                ours.Add(group);
                import.Groups.Add(group.Name);
            }

            map[theirs.Id] = group.Id;
        }

        return map;
    }

    /// <summary>The new ids of those who came over, by their old ones.</summary>
    private async Task<Dictionary<long, long>> ImportUsersAsync(HostDbContext context, FlaskDatabase source, Dictionary<long, long> roles, Dictionary<long, string?> hashes, FlaskImport import, CancellationToken cancellationToken)
    {
        var map = new Dictionary<long, long>();
        var manager = users.Over(context);
        var system = await context.Set<Role>().Where(role => role.IsSystem).ToDictionaryAsync(role => role.Name, role => role.Id, cancellationToken);
        foreach (var theirs in source.Users)
        {
            if (Refuse(theirs) is { } reason)
            {
                import.Skipped.Add((theirs.UserName, reason));
                continue;
            }

            var normalized = manager.NormalizeName(theirs.UserName);
            if (await context.Set<User>().AnyAsync(user => user.NormalizedUserName == normalized, cancellationToken))
            {
                import.Skipped.Add((theirs.UserName, "is here already"));
                continue;
            }

            var user = new User
            {
                UserName = theirs.UserName,
                Email = Accepts(() => UserRules.Require(null, theirs.Email, null)) ? UserRules.NullIfEmpty(theirs.Email) : null,
                DisplayName = Accepts(() => UserRules.Require(null, null, theirs.DisplayName)) ? UserRules.NullIfEmpty(theirs.DisplayName) : null,
                PasswordHash = hashes[theirs.Id],
                MustChangePassword = hashes[theirs.Id] is null,
                IsActive = theirs.IsActive,
                CreatedAt = theirs.CreatedAt ?? time.GetUtcNow(),
                RoleId = theirs.IsAdmin ? system[SystemRoles.Admin] : theirs.RoleId is { } roleId && roles.TryGetValue(roleId, out var mapped) ? mapped : system[SystemRoles.Guest],
            };
            IdentityUsers.Require(await manager.CreateAsync(user), user.UserName);
            map[theirs.Id] = user.Id;
            import.Users.Add(theirs.UserName);
            if (user.PasswordHash is null)
            {
                import.NeedReset.Add(theirs.UserName);
            }
        }

        return map;
    }

    /// <summary>A hash that is salted and slow, and not that of a password which everybody knows.</summary>
    private static string? SafeHash(FlaskUser user) =>
        user.PasswordHash is { Length: <= User.LongestHash } text && WerkzeugHash.Parse(text) is { } hash && !hash.Verify(KnownPassword) && !hash.Verify(user.UserName) ? text : null;

    private static string? Refuse(FlaskUser user) => Accepts(() => UserRules.Require(user.UserName, null, null)) ? null : "is no username here: letters from a to z, digits and - . _ @ + are";

    private static bool Accepts(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (HttpFaultException)
        {
            return false;
        }
    }

    private static string? Cut(string? text, int longest) => text?.Length > longest ? text[..longest] : text;
}
