using System.Globalization;
using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.SignIn;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.Sessions;

/// <summary>Sessions: begun, found, given a new secret, listed and ended. What ends here closes its open connections at once.</summary>
internal sealed class SessionService(HostOptions options, HostDatabase database, IdentityWriter writer, SessionCache cache, LiveSessions live, SessionTickets tickets, ExternalSessions external, IdentityMeters meters, TimeProvider time)
{
    /// <summary>Begins one; the oldest ends where there are too many. Returns the secret for the cookie.</summary>
    public async Task<string> BeginAsync(AuthenticationTicket ticket, SessionOrigin origin, string? replaces, CancellationToken cancellationToken)
    {
        var userId = ticket.Principal.FindUserId() ?? throw new InvalidOperationException("A session was begun for a principal without a user id.");
        var secret = SessionSecret.Create();
        var grant = ExternalGrant.TakeFrom(ticket.Properties);
        var (ended, _) = await writer.ChangeAsync(async (context, token) =>
        {
            var now = time.GetUtcNow();
            var standing = await Standing.ReadAsync(context, userId, token);
            if (standing is not { User.IsActive: true })
            {
                throw new InvalidOperationException($"A session was begun for the user {userId}, who may not sign in.");
            }

            var others = await context.Set<Session>().Where(session => session.UserId == userId).OrderByDescending(session => session.CreatedAt).Select(session => session.Id).ToListAsync(token);
            var ended = others.Where(id => id != replaces).Skip(SessionLimits.MostPerUser - 1).ToList();
            if (replaces is not null)
            {
                // It may be another user's: whoever signs in leaves nobody's session behind in this browser.
                ended.Add(replaces);
            }

            await context.Set<Session>().Where(session => ended.Contains(session.Id)).ExecuteDeleteAsync(token);
            await context.Set<Users.User>().Where(user => user.Id == userId).ExecuteUpdateAsync(set => set.SetProperty(user => user.LastLoginAt, now), token);
            var session = new Session
            {
                Id = SessionSecret.CreatePublicId(),
                SecretHash = SessionSecret.Hash(secret),
                UserId = userId,
                CreatedAt = now,
                LastSeenAt = now,
                ExpiresAt = now + (standing.IsAdmin ? SessionLimits.AdminAbsolute : SessionLimits.Absolute),
                ElevatedUntilAt = SessionProperties.IsElevated(ticket.Properties) ? now + SessionLimits.Elevation : null,
                IpAddress = Cut(origin.IpAddress, Session.LongestIpAddress),
                UserAgent = Cut(origin.UserAgent, Session.LongestUserAgent),
                Ticket = [],
            };
            session.Ticket = tickets.Protect(session.Id, standing.User.SecurityStamp!, ticket);
            context.Add(session);
            if (grant is not null)
            {
                external.Add(context, session.Id, grant);
            }

            var entry = new AuditEntry
            {
                Actor = ActorOf(session) with { IpAddress = origin.IpAddress, Name = standing.User.UserName },
                Action = "signed_in",
                ResourceType = "session",
                ResourceId = session.Id,
                Details = new AuditDetails { Name = standing.User.UserName, Reason = SessionProperties.MethodOf(ticket.Properties) },
            };
            return ((ended, true), entry);
        }, cancellationToken);
        Forget(ended);
        return secret;
    }

    /// <summary>Gives one a new secret under the same public id, as after an elevation or a new password. Returns the secret; null when it has ended.</summary>
    public async Task<string?> RotateAsync(string secret, AuthenticationTicket ticket, SessionOrigin origin, CancellationToken cancellationToken)
    {
        var (hash, fresh, isElevated) = (SessionSecret.Hash(secret), SessionSecret.Create(), SessionProperties.IsElevated(ticket.Properties));
        var id = await writer.ChangeAsync(async (context, token) =>
        {
            var session = await context.Set<Session>().SingleOrDefaultAsync(found => found.SecretHash == hash, token);
            if (session is null || session.UserId != ticket.Principal.FindUserId() || await Standing.ReadAsync(context, session.UserId, token) is not { User.IsActive: true } standing)
            {
                return ((string?)null, new AuditEntry { Actor = AuditActors.Of(ticket.Principal, origin.IpAddress), Action = "session_renewed", Outcome = AuditOutcome.Refused });
            }

            session.SecretHash = SessionSecret.Hash(fresh);
            session.ElevatedUntilAt = isElevated ? time.GetUtcNow() + SessionLimits.Elevation : null;
            session.Ticket = tickets.Protect(session.Id, standing.User.SecurityStamp!, ticket);
            return ((string?)session.Id, new AuditEntry { Actor = ActorOf(session) with { IpAddress = origin.IpAddress, Name = ticket.Principal.FindFirstValue(ClaimNames.UserName) }, Action = isElevated ? "session_elevated" : "session_renewed", ResourceType = "session", ResourceId = session.Id });
        }, cancellationToken);
        if (id is null)
        {
            return null;
        }

        cache.Remove(id);
        return fresh;
    }

    /// <summary>The ticket of a session that has not ended, at most a minute old; null otherwise.</summary>
    public async Task<AuthenticationTicket?> FindAsync(string secret, CancellationToken cancellationToken)
    {
        var hash = SessionSecret.Hash(secret);
        var key = Convert.ToHexString(hash);
        var now = time.GetUtcNow();
        if (cache.Find(key) is { } known && now - known.CheckedAt < SessionLimits.Recheck && now < known.EndsAt)
        {
            return known.Ticket.Clone();
        }

        var change = cache.Changes;
        if (await ReadAsync(session => session.SecretHash == hash, seen: true, cancellationToken) is not var (session, standing, ticket))
        {
            return null;
        }

        cache.Add(key, session.Id, new KnownSession(ticket, now, SessionLimits.End(session, standing)), change);
        return ticket.Clone();
    }

    /// <summary>The principal of a session as it is now, for what has no request any more; null when it has ended.</summary>
    public async Task<ClaimsPrincipal?> FindPrincipalAsync(string sessionId, CancellationToken cancellationToken) =>
        await ReadAsync(session => session.Id == sessionId, seen: false, cancellationToken) is var (_, _, ticket) ? ticket.Principal : null;

    /// <summary>The public id behind a secret, whether or not it has ended.</summary>
    public async Task<string?> FindIdAsync(string secret, CancellationToken cancellationToken)
    {
        var hash = SessionSecret.Hash(secret);
        await using var context = database.CreateContext();
        return await context.Set<Session>().Where(session => session.SecretHash == hash).Select(session => session.Id).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Says that somebody is at it.</summary>
    public async Task TouchAsync(string sessionId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        await SeenAsync(context, sessionId, cancellationToken);
    }

    /// <summary>A user's sessions, newest first.</summary>
    public async Task<IReadOnlyList<Session>> ListAsync(long userId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        if (await Standing.ReadAsync(context, userId, cancellationToken) is not { } standing)
        {
            return [];
        }

        var now = time.GetUtcNow();
        var sessions = await context.Set<Session>().AsNoTracking().Where(session => session.UserId == userId && session.ExpiresAt > now).OrderByDescending(session => session.CreatedAt).ToListAsync(cancellationToken);
        return [.. sessions.Where(session => now < SessionLimits.End(session, standing))];
    }

    /// <summary>Whose session it is; null when there is none.</summary>
    public async Task<long?> FindOwnerAsync(string sessionId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<Session>().Where(session => session.Id == sessionId).Select(session => (long?)session.UserId).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Ends one; false when there is none.</summary>
    public async Task<bool> EndAsync(string sessionId, AuditActor actor, string reason, CancellationToken cancellationToken)
    {
        if (await FindOwnerAsync(sessionId, cancellationToken) is not { } owner)
        {
            return false;
        }

        await writer.ChangeAsync(async (context, token) =>
        {
            await context.Set<Session>().Where(session => session.Id == sessionId).ExecuteDeleteAsync(token);
            var isSignOut = reason == SessionProperties.SignedOut;
            return new AuditEntry
            {
                Actor = actor,
                Action = isSignOut ? SessionProperties.SignedOut : "session_ended",
                ResourceType = "session",
                ResourceId = sessionId,
                Details = isSignOut ? null : new AuditDetails { Name = owner.ToString(CultureInfo.InvariantCulture), Reason = reason },
            };
        }, cancellationToken);
        Forget([sessionId]);
        meters.SessionEnded(reason);
        return true;
    }

    /// <summary>Takes every session of a user away, in the caller's transaction; hand the result to <see cref="Forget"/> after the commit.</summary>
    public static async Task<IReadOnlyList<string>> RemoveAllAsync(HostDbContext context, long userId, string? exceptId, CancellationToken cancellationToken)
    {
        var ended = await context.Set<Session>().Where(session => session.UserId == userId && session.Id != exceptId).Select(session => session.Id).ToListAsync(cancellationToken);
        await context.Set<Session>().Where(session => ended.Contains(session.Id)).ExecuteDeleteAsync(cancellationToken);
        return ended;
    }

    /// <summary>Closes what is open for sessions that are gone.</summary>
    public void Forget(IEnumerable<string> ended)
    {
        foreach (var id in ended)
        {
            cache.Remove(id);
            live.EndSession(id);
        }
    }

    /// <summary>What anybody may do is read anew at the next request.</summary>
    public void Refresh() => cache.Clear();

    private async Task<(Session Session, Standing Standing, AuthenticationTicket Ticket)?> ReadAsync(System.Linq.Expressions.Expression<Func<Session, bool>> which, bool seen, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var now = time.GetUtcNow();
        if (await context.Set<Session>().AsNoTracking().SingleOrDefaultAsync(which, cancellationToken) is not { } session
            || await Standing.ReadAsync(context, session.UserId, cancellationToken) is not { User.IsActive: true } standing
            || now >= SessionLimits.End(session, standing)
            || tickets.Unprotect(session, standing) is not { } ticket
            || !IsOpen(SessionProperties.MethodOf(ticket.Properties)))
        {
            return null;
        }

        if (seen && now - session.LastSeenAt >= SessionLimits.SeenGrain)
        {
            await SeenAsync(context, session.Id, cancellationToken);
            session.LastSeenAt = now;
        }

        return (session, standing, ticket);
    }

    private Task<int> SeenAsync(HostDbContext context, string sessionId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var before = now - SessionLimits.SeenGrain;
        return context.Set<Session>().Where(session => session.Id == sessionId && session.LastSeenAt <= before).ExecuteUpdateAsync(set => set.SetProperty(session => session.LastSeenAt, now), cancellationToken);
    }

    /// <summary>Whether the settings still have the way by which a session was begun: who may come in by it no more is not in.</summary>
    private bool IsOpen(string method) => method switch
    {
        SignInService.PasswordMethod => options.EnableInternalUsers,
        ExternalSignIn.Method => options.EnableIdentityServer,
        _ => true,
    };

    private static AuditActor ActorOf(Session session) => new(AuditActorKind.User, session.UserId.ToString(CultureInfo.InvariantCulture)) { SessionId = session.Id, IpAddress = session.IpAddress };

    private static string? Cut(string? text, int longest) => text?.Length > longest ? text[..longest] : text;
}

/// <summary>Where a browser is.</summary>
internal sealed record SessionOrigin(string? IpAddress, string? UserAgent)
{
    public static SessionOrigin Of(HttpContext? context) =>
        new(context?.Connection.RemoteIpAddress?.ToString(), context?.Request.Headers.UserAgent.ToString() is { Length: > 0 } agent ? agent : null);
}
