using System.Globalization;
using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.Passwords;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.SignIn;

/// <summary>Every way by which somebody shows who they are with something that we keep. Refusals are faults that do not tell which half was wrong.</summary>
internal sealed class SignInService(HostDatabase database, IdentityUsers users, IdentityWriter writer, PasswordService passwords, SignInThrottle throttle, SignInLinkService links, SessionService sessions, IdentityMeters meters, TimeProvider time)
{
    public const string PasswordMethod = "password";
    public const string LinkMethod = "link";

    /// <summary>Signs a browser in.</summary>
    public async Task WithPasswordAsync(HttpContext context, string userName, string password, CancellationToken cancellationToken)
    {
        await ThrottleAsync(context, userName, cancellationToken);
        var user = await FindAsync(userName, cancellationToken);
        await VerifyAsync(context, user, userName, password, cancellationToken);
        await BeginAsync(context, user!.Id, PasswordMethod, isElevated: false);
    }

    /// <summary>Signs a browser in with a link, which shows that its holder owns the machine: the session is elevated at once.</summary>
    public async Task WithLinkAsync(HttpContext context, string token, CancellationToken cancellationToken)
    {
        await ThrottleAsync(context, null, cancellationToken);
        if (await links.RedeemAsync(token, AuditActors.Of(context), cancellationToken) is not { } userId)
        {
            throttle.Failed(null, context.Connection.RemoteIpAddress);
            meters.SignedIn("bad_link");
            throw HttpFaultException.BadRequest("bad_link", "The link was used, is too old, or is none.", "Ask for another one.");
        }

        await BeginAsync(context, userId, LinkMethod, isElevated: true);
    }

    /// <summary>Begins a session for a user whom the caller has made sure of: a provider's, or the first admin after setup.</summary>
    public async Task BeginAsync(HttpContext context, long userId, string method, bool isElevated, ExternalGrant? grant = null)
    {
        var properties = SessionProperties.SignIn(method, isElevated);
        grant?.PutInto(properties);
        await context.SignInAsync(IdentitySchemes.Session, PrincipalFactory.OfSignIn(userId), properties);
        meters.SignedIn("succeeded");
    }

    /// <summary>Shows the password again: the session may do what needs it for ten minutes.</summary>
    public async Task ElevateAsync(HttpContext context, string password, CancellationToken cancellationToken)
    {
        var user = await RequireOwnAsync(context, password, cancellationToken);
        await RenewAsync(context, user.Id, isElevated: true);
    }

    /// <summary>
    /// Whether the caller may choose a password without showing the one that is replaced: a link has let the caller in within the
    /// last minutes, and the password is one that somebody else made and that perhaps nobody knows.
    /// </summary>
    public static bool MayChooseUnasked(ClaimsPrincipal caller, DateTimeOffset now) =>
        caller.HasClaim(ClaimNames.SignedInBy, LinkMethod) && caller.HasClaim(claim => claim.Type == ClaimNames.MustChangePassword) && ElevationHandler.IsElevated(caller, now);

    /// <summary>Changes the own password: every other session ends, this one gets a new secret.</summary>
    /// <param name="context">The request.</param>
    /// <param name="current">The password that is replaced; not looked at where <see cref="MayChooseUnasked"/>.</param>
    /// <param name="fresh">The one that replaces it.</param>
    /// <param name="again">The same once more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task ChangePasswordAsync(HttpContext context, string current, string fresh, string again, CancellationToken cancellationToken)
    {
        if (fresh != again)
        {
            throw HttpFaultException.Invalid("passwords_differ", "The two new passwords differ.", "Type the same one twice.", "again");
        }

        var isUnasked = MayChooseUnasked(context.User, time.GetUtcNow());
        var user = isUnasked ? await RequireForcedAsync(context, cancellationToken) : await RequireOwnAsync(context, current, cancellationToken);
        if (isUnasked ? await passwords.VerifyAsync(user, fresh, cancellationToken) != PasswordVerificationResult.Failed : fresh == current)
        {
            throw HttpFaultException.Invalid("same_password", "The new password is the old one.", "Choose another one.", "new");
        }

        var hash = await passwords.HashNewAsync(fresh, user.UserName, cancellationToken);
        var own = context.User.FindFirstValue(ClaimNames.SessionId);
        var ended = await writer.ChangeAsync(async (db, token) =>
        {
            var manager = users.Over(db);
            var changed = await db.Set<User>().SingleAsync(found => found.Id == user.Id, token);
            if (changed.PasswordHash != user.PasswordHash)
            {
                throw HttpFaultException.Conflict("changed_meanwhile", "The password was changed at the same time.", "Sign in again.");
            }

            (changed.PasswordHash, changed.MustChangePassword) = (hash, false);
            IdentityUsers.Require(await manager.UpdateSecurityStampAsync(changed), changed.UserName!);
            return (await SessionService.RemoveAllAsync(db, user.Id, own, token), Entry(AuditActors.Of(context), "password_changed", AuditOutcome.Succeeded, user, isUnasked ? "signed_in_by_link" : null));
        }, cancellationToken);
        sessions.Forget(ended);
        await RenewAsync(context, user.Id, isElevated: true);
    }

    private async Task<User> RequireOwnAsync(HttpContext context, string password, CancellationToken cancellationToken)
    {
        if (context.User.FindFirstValue(ClaimNames.SessionId) is null)
        {
            throw HttpFaultException.Forbidden("elevation_required", "Only a browser's session can do this; no API token will do.", "Sign in.");
        }

        await using var db = database.CreateContext();
        var id = context.User.RequireUserId();
        var user = await db.Set<User>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == id, cancellationToken);
        await ThrottleAsync(context, user?.UserName, cancellationToken);
        return await VerifyAsync(context, user, user?.UserName ?? "", password, cancellationToken);
    }

    /// <summary>The claims may be a minute old: the table says whether the password is still the one that must go.</summary>
    private async Task<User> RequireForcedAsync(HttpContext context, CancellationToken cancellationToken)
    {
        await using var db = database.CreateContext();
        var id = context.User.RequireUserId();
        return await db.Set<User>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == id && found.IsActive && found.MustChangePassword, cancellationToken)
            ?? throw HttpFaultException.Conflict("changed_meanwhile", "The password was changed at the same time.", "Sign in again.");
    }

    private async Task<User> VerifyAsync(HttpContext context, User? user, string userName, string password, CancellationToken cancellationToken)
    {
        var result = await passwords.VerifyAsync(user, password, cancellationToken);
        if (result == PasswordVerificationResult.Failed)
        {
            throttle.Failed(userName, context.Connection.RemoteIpAddress);
            meters.SignedIn("bad_credentials");
            var reason = user switch { null => "unknown_user", { IsActive: false } => "inactive_user", { PasswordHash: null } => "no_password", _ => "wrong_password" };
            // What was typed for a name that is nobody's may be a password: it is not kept.
            await writer.RecordAsync(Entry(AuditActors.Of(context), "sign_in_refused", AuditOutcome.Refused, user, reason), cancellationToken);
            throw new HttpFaultException(StatusCodes.Status401Unauthorized, new Fault("bad_credentials", "The username or the password is wrong.", "Try again."));
        }

        throttle.Succeeded(userName, context.Connection.RemoteIpAddress);
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await RehashAsync(user!, password, cancellationToken);
        }

        return user!;
    }

    private async Task RehashAsync(User user, string password, CancellationToken cancellationToken)
    {
        // An imported password never met our rules.
        var isWeak = PasswordRules.Check(password, user.UserName) is not null;
        var (old, hash) = (user.PasswordHash, await passwords.HashAsync(password, cancellationToken));
        await writer.ChangeAsync(async (db, token) =>
        {
            // Not where it was changed meanwhile. The stamp stays: it is the same password.
            await db.Set<User>().Where(found => found.Id == user.Id && found.PasswordHash == old)
                .ExecuteUpdateAsync(set => set.SetProperty(found => found.PasswordHash, hash).SetProperty(found => found.MustChangePassword, found => found.MustChangePassword || isWeak), token);
            return Entry(AuditActors.System, "password_rehashed", AuditOutcome.Succeeded, user, null);
        }, cancellationToken);
        user.PasswordHash = hash;
    }

    private async Task ThrottleAsync(HttpContext context, string? userName, CancellationToken cancellationToken)
    {
        if (throttle.Take(userName, context.Connection.RemoteIpAddress) is not { } refusal)
        {
            return;
        }

        meters.SignedIn(refusal.Code);
        if (refusal.IsFirst)
        {
            await writer.RecordAsync(Entry(AuditActors.Of(context), "sign_in_throttled", AuditOutcome.Refused, null, refusal.Code), cancellationToken);
        }

        throw new HttpFaultException(StatusCodes.Status429TooManyRequests, new Fault(refusal.Code, "There were too many attempts to sign in.", $"Try again in {Math.Ceiling(refusal.RetryAfter.TotalSeconds)} s.")) { RetryAfter = refusal.RetryAfter };
    }

    private async Task<User?> FindAsync(string userName, CancellationToken cancellationToken)
    {
        if (userName.Length > User.LongestName || userName.Any(c => !char.IsAscii(c)))
        {
            // No such name is ever given.
            return null;
        }

        await using var db = database.CreateContext();
        var normalized = users.Over(db).NormalizeName(userName);
        return await db.Set<User>().AsNoTracking().SingleOrDefaultAsync(user => user.NormalizedUserName == normalized, cancellationToken);
    }

    /// <summary>Gives the caller's session a new secret, and with it the right to what asks for a fresh sign-in.</summary>
    public static async Task RenewAsync(HttpContext context, long userId, bool isElevated)
    {
        var current = await context.AuthenticateAsync(IdentitySchemes.Session);
        await context.SignInAsync(IdentitySchemes.Session, PrincipalFactory.OfSignIn(userId, current.Principal?.Claims ?? []), SessionProperties.Renew(current.Properties, isElevated));
    }

    private static AuditEntry Entry(AuditActor actor, string action, AuditOutcome outcome, User? user, string? reason) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = "user",
        ResourceId = user?.Id.ToString(CultureInfo.InvariantCulture),
        Outcome = outcome,
        Details = new AuditDetails { Name = user?.UserName, Reason = reason },
    };
}
