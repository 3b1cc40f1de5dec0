using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Tokens;

/// <summary>API tokens: made, listed, revoked, and known again.</summary>
internal sealed class TokenService(HostDatabase database, IdentityWriter writer, LiveSessions live, TimeProvider time)
{
    public const int DefaultDays = 90;
    public const int MostDays = 365;
    public const int MostPerUser = 20;
    private static readonly TimeSpan UsedGrain = TimeSpan.FromMinutes(1);

    /// <summary>Makes one for the grantor's own use; its text is in the result and nowhere else.</summary>
    public async Task<(ApiToken Token, string Text)> CreateAsync(Grantor owner, string name, IReadOnlyList<string> scopes, int? days, CancellationToken cancellationToken)
    {
        var userId = owner.UserId ?? throw new InvalidOperationException("Only users have tokens.");
        if (owner.Actor.Kind == AuditActorKind.Token)
        {
            throw HttpFaultException.Forbidden("elevation_required", "A token cannot make tokens.", "Sign in and make it on the page of tokens.");
        }

        Check(name, scopes, days);
        var (id, text) = TokenText.Create();
        var now = time.GetUtcNow();
        var token = new ApiToken
        {
            PublicId = id,
            TokenHash = TokenText.Hash(text),
            UserId = userId,
            Name = name.Trim(),
            Scopes = [.. scopes.Distinct(StringComparer.Ordinal)],
            CreatedAt = now,
            ExpiresAt = now.AddDays(days ?? DefaultDays),
        };
        await writer.ChangeAsync(async (context, stop) =>
        {
            var standing = await Standing.ReadAsync(context, userId, stop);
            owner.RequireHeld(scopes);
            if (standing is not { User.IsActive: true } || scopes.Any(scope => !standing.Permissions.Contains(scope)))
            {
                throw HttpFaultException.Forbidden("more_than_held", "A token can hold no more than its owner.", "Choose fewer scopes.");
            }

            if (await context.Set<ApiToken>().CountAsync(found => found.UserId == userId && found.IsActive && found.ExpiresAt > now, stop) >= MostPerUser)
            {
                throw HttpFaultException.Conflict("too_many_tokens", $"There are {MostPerUser} tokens already.", "Revoke one that is not used any more.");
            }

            context.Add(token);
            await context.SaveChangesAsync(stop);
            return Entry(owner.Actor, "token_created", token);
        }, cancellationToken);
        return (token, text);
    }

    /// <summary>A user's tokens that are not revoked, newest first.</summary>
    public async Task<IReadOnlyList<ApiToken>> ListAsync(long userId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<ApiToken>().AsNoTracking().Where(token => token.UserId == userId && token.IsActive).OrderByDescending(token => token.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Revokes one of a user's tokens.</summary>
    /// <exception cref="HttpFaultException">The user has none of that name.</exception>
    public async Task RevokeAsync(Grantor by, long userId, string publicId, CancellationToken cancellationToken)
    {
        await writer.ChangeAsync(async (context, stop) =>
        {
            var token = await context.Set<ApiToken>().SingleOrDefaultAsync(found => found.PublicId == publicId && found.UserId == userId && found.IsActive, stop)
                ?? throw HttpFaultException.NotFound("no_token", $"You have no token '{publicId}'.", "List your tokens.");
            token.IsActive = false;
            return Entry(by.Actor, "token_revoked", token);
        }, cancellationToken);
        live.EndToken(publicId);
    }

    /// <summary>Revokes every token of a user, in the caller's transaction; hand the result to <see cref="Forget"/> after the commit.</summary>
    public static async Task<IReadOnlyList<string>> RevokeAllAsync(HostDbContext context, long userId, CancellationToken cancellationToken)
    {
        var ids = await context.Set<ApiToken>().Where(token => token.UserId == userId && token.IsActive).Select(token => token.PublicId).ToListAsync(cancellationToken);
        await context.Set<ApiToken>().Where(token => ids.Contains(token.PublicId)).ExecuteUpdateAsync(set => set.SetProperty(token => token.IsActive, false), cancellationToken);
        return ids;
    }

    /// <summary>Closes what is open for tokens that are revoked.</summary>
    public void Forget(IEnumerable<string> revoked)
    {
        foreach (var id in revoked)
        {
            live.EndToken(id);
        }
    }

    /// <summary>Who shows this text; null when it is no valid token.</summary>
    public async Task<ClaimsPrincipal?> AuthenticateAsync(string text, CancellationToken cancellationToken)
    {
        if (TokenText.FindId(text) is not { } id)
        {
            return null;
        }

        await using var context = database.CreateContext();
        // Once for all that is asked here: with SQLite, opening costs more than a query.
        await context.Database.OpenConnectionAsync(cancellationToken);
        var found = await (
            from shown in context.Set<ApiToken>().AsNoTracking()
            join user in context.Set<User>().AsNoTracking() on shown.UserId equals user.Id
            where shown.PublicId == id
            select new { Token = shown, Owner = user }).SingleOrDefaultAsync(cancellationToken);
        var isRight = CryptographicOperations.FixedTimeEquals(found?.Token.TokenHash ?? new byte[SHA256.HashSizeInBytes], TokenText.Hash(text));
        var now = time.GetUtcNow();
        if (found is not { Token: { IsActive: true } token, Owner: { IsActive: true } owner } || !isRight || token.ExpiresAt <= now)
        {
            return null;
        }

        var standing = await Standing.OfAsync(context, owner, cancellationToken);
        var before = now - UsedGrain;
        if (token.LastUsedAt is null || token.LastUsedAt <= before)
        {
            await context.Set<ApiToken>().Where(used => used.Id == token.Id && (used.LastUsedAt == null || used.LastUsedAt <= before)).ExecuteUpdateAsync(set => set.SetProperty(used => used.LastUsedAt, now), cancellationToken);
        }

        return PrincipalFactory.OfToken(standing, token);
    }

    private static void Check(string name, IReadOnlyList<string> scopes, int? days)
    {
        var faults = new List<Fault>();
        if (string.IsNullOrWhiteSpace(name) || name.Trim().Length > ApiToken.LongestName)
        {
            faults.Add(new Fault("bad_name", $"The name is empty or longer than {ApiToken.LongestName}.", "Name what the token is for.", "name"));
        }

        if (scopes.Count == 0)
        {
            faults.Add(new Fault("no_scopes", "The token has no scope.", "Choose what it may do.", "scopes"));
        }

        faults.AddRange(scopes.Where(scope => !Permissions.All.ContainsKey(scope)).Select(scope => new Fault("unknown_permission", $"There is no permission '{scope}'.", "See /api/v1/permissions.", "scopes")));
        if (days is < 1 or > MostDays)
        {
            faults.Add(new Fault("bad_expiry", $"expires_in_days is {days}.", $"Choose 1 to {MostDays}.", "expires_in_days"));
        }

        if (faults.Count > 0)
        {
            throw new HttpFaultException(StatusCodes.Status422UnprocessableEntity, faults);
        }
    }

    private static AuditEntry Entry(AuditActor actor, string action, ApiToken token) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = "token",
        ResourceId = token.PublicId,
        Details = new AuditDetails { Name = token.Name, To = string.Join(' ', token.Scopes), From = token.UserId.ToString(CultureInfo.InvariantCulture) },
    };
}
