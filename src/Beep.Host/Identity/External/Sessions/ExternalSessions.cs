using System.Security.Cryptography;
using System.Text.Json;
using Beep.Host.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity.External.Sessions;

/// <summary>What providers' sign-ins left: kept encrypted, found by the names that a provider has for them, and claimed by one host at a time.</summary>
internal sealed class ExternalSessions(HostDatabase database, IDataProtectionProvider protection, TimeProvider time)
{
    // Before the access token runs out, and early enough for a second try.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClaimTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(5);

    private readonly IDataProtector _protector = protection.CreateProtector("Beep.Host.Identity.External.Sessions", "v1");

    /// <summary>Adds what a sign-in left, in the transaction that begins the session.</summary>
    public void Add(HostDbContext context, string sessionId, ExternalGrant grant) => context.Add(new ExternalSession
    {
        SessionId = sessionId,
        Issuer = grant.Issuer,
        Subject = grant.Subject,
        ProviderSession = grant.ProviderSession?.Length <= ExternalSession.LongestProviderSession ? grant.ProviderSession : null,
        Tokens = Protect(sessionId, grant.Tokens),
        TokenExpiresAt = grant.TokenExpiresAt,
        RefreshAt = RefreshTime(grant.Tokens, grant.TokenExpiresAt),
    });

    /// <summary>What the provider left with a session; null where it signed nobody in there, or the key is lost.</summary>
    public async Task<(ExternalSession Row, ExternalTokens Tokens)?> FindAsync(string sessionId, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<ExternalSession>().AsNoTracking().SingleOrDefaultAsync(found => found.SessionId == sessionId, cancellationToken) is { } row && Unprotect(row) is { } tokens ? (row, tokens) : null;
    }

    /// <summary>The sessions that a provider means: the one that it names, or all of a subject. Where both are named, also those of the subject whose name it never told.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string issuer, string? subject, string? providerSession, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<ExternalSession>()
            .Where(found => found.Issuer == issuer && (providerSession == null ? found.Subject == subject : found.ProviderSession == providerSession || (found.ProviderSession == null && found.Subject == subject)))
            .Select(found => found.SessionId).ToListAsync(cancellationToken);
    }

    /// <summary>The sessions of every provider but one.</summary>
    public async Task<IReadOnlyList<string>> ListOthersAsync(string issuer, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<ExternalSession>().Where(found => found.Issuer != issuer).Select(found => found.SessionId).ToListAsync(cancellationToken);
    }

    /// <summary>Takes the session whose tokens are to be renewed next: no other host does meanwhile. Null where none is due.</summary>
    public async Task<(ExternalSession Row, ExternalTokens? Tokens)?> ClaimAsync(CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        while (true)
        {
            var now = time.GetUtcNow();
            var row = await context.Set<ExternalSession>().AsNoTracking()
                .Where(found => found.RefreshAt <= now && (found.ClaimedUntilAt == null || found.ClaimedUntilAt < now))
                .OrderBy(found => found.RefreshAt).FirstOrDefaultAsync(cancellationToken);
            if (row is null)
            {
                return null;
            }

            var until = now + ClaimTime;
            if (await context.Set<ExternalSession>()
                .Where(found => found.SessionId == row.SessionId && found.RefreshAt == row.RefreshAt && (found.ClaimedUntilAt == null || found.ClaimedUntilAt < now))
                .ExecuteUpdateAsync(set => set.SetProperty(found => found.ClaimedUntilAt, until), cancellationToken) == 1)
            {
                return (row, Unprotect(row));
            }
        }
    }

    /// <summary>Keeps renewed tokens and gives the claim back.</summary>
    public async Task RenewAsync(string sessionId, ExternalTokens tokens, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        var (bytes, next) = (Protect(sessionId, tokens), RefreshTime(tokens, expiresAt));
        await using var context = database.CreateContext();
        await context.Set<ExternalSession>().Where(found => found.SessionId == sessionId).ExecuteUpdateAsync(
            set => set.SetProperty(found => found.Tokens, bytes).SetProperty(found => found.TokenExpiresAt, expiresAt).SetProperty(found => found.RefreshAt, next).SetProperty(found => found.ClaimedUntilAt, (DateTimeOffset?)null),
            cancellationToken);
    }

    /// <summary>Tries again later and gives the claim back.</summary>
    public async Task PostponeAsync(string sessionId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var next = time.GetUtcNow() + wait;
        await using var context = database.CreateContext();
        await context.Set<ExternalSession>().Where(found => found.SessionId == sessionId).ExecuteUpdateAsync(
            set => set.SetProperty(found => found.RefreshAt, next).SetProperty(found => found.ClaimedUntilAt, (DateTimeOffset?)null), cancellationToken);
    }

    private DateTimeOffset? RefreshTime(ExternalTokens tokens, DateTimeOffset? expiresAt)
    {
        if (tokens.RefreshToken is null || expiresAt is not { } end)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var ahead = (end - now) / 4 < Ahead ? (end - now) / 4 : Ahead;
        return end - ahead > now + LeastWait ? end - ahead : now + LeastWait;
    }

    private byte[] Protect(string sessionId, ExternalTokens tokens) => _protector.CreateProtector(sessionId).Protect(JsonSerializer.SerializeToUtf8Bytes(tokens));

    private ExternalTokens? Unprotect(ExternalSession row)
    {
        try
        {
            return JsonSerializer.Deserialize<ExternalTokens>(_protector.CreateProtector(row.SessionId).Unprotect(row.Tokens));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
