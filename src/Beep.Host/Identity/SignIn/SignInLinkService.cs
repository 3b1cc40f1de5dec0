using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Beep.Host.Audit;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Beep.Host.Hosting.Http;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.SignIn;

/// <summary>Links that sign somebody in once, for whoever owns the machine: the quickstart, and the way back in when no other is left.</summary>
internal sealed class SignInLinkService(IdentityWriter writer, TimeProvider time)
{
    /// <summary>The page that reads the token from behind the #, where no log and no Referer sees it, and posts it.</summary>
    public const string Page = "/sign-in/link";

    /// <summary>Makes a token; only its hash is kept.</summary>
    public async Task<string> CreateAsync(long userId, TimeSpan lifetime, AuditActor actor, string action, CancellationToken cancellationToken)
    {
        var token = SessionSecret.Create();
        await writer.ChangeAsync(async (context, stop) =>
        {
            var user = await context.Set<User>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == userId && found.IsActive, stop)
                ?? throw HttpFaultException.NotFound("no_user", $"There is no active user {userId}.", "List the users.");
            var now = time.GetUtcNow();
            context.Add(new SignInLink { TokenHash = Hash(token), UserId = userId, CreatedAt = now, ExpiresAt = now + lifetime });
            return new AuditEntry { Actor = actor, Action = action, ResourceType = "user", ResourceId = userId.ToString(CultureInfo.InvariantCulture), Details = new AuditDetails { Name = user.UserName } };
        }, cancellationToken);
        return token;
    }

    /// <summary>As the other, recorded as <c>sign_in_link_created</c> of the command line.</summary>
    public Task<string> CreateAsync(long userId, TimeSpan lifetime, CancellationToken cancellationToken) =>
        CreateAsync(userId, lifetime, AuditActors.CommandLine, "sign_in_link_created", cancellationToken);

    /// <summary>The user of a token that is good now, which it is no more afterwards; null for any other.</summary>
    public Task<long?> RedeemAsync(string token, AuditActor actor, CancellationToken cancellationToken) => writer.ChangeAsync(async (context, stop) =>
    {
        var (hash, now) = (Hash(token), time.GetUtcNow());
        var link = await context.Set<SignInLink>().SingleOrDefaultAsync(found => found.TokenHash == hash && found.UsedAt == null && found.ExpiresAt > now, stop);
        if (link is null || !await context.Set<User>().AnyAsync(user => user.Id == link.UserId && user.IsActive, stop))
        {
            return ((long?)null, new AuditEntry { Actor = actor, Action = "sign_in_refused", ResourceType = "user", Outcome = AuditOutcome.Refused, Details = new AuditDetails { Reason = "bad_link" } });
        }

        link.UsedAt = now;
        return ((long?)link.UserId, new AuditEntry { Actor = actor, Action = "sign_in_link_used", ResourceType = "user", ResourceId = link.UserId.ToString(CultureInfo.InvariantCulture) });
    }, cancellationToken);

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
