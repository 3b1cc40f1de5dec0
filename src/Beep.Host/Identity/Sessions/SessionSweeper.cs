using Beep.Host.Data;
using Beep.Host.Identity.External;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Tokens;
using Beep.Host.Identity.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Identity.Sessions;

/// <summary>Holds what is open against the tables, which other hosts change too, and takes away what has ended.</summary>
internal sealed partial class SessionSweeper(HostDatabase database, SessionService sessions, LiveSessions live, IdentityMeters meters, TimeProvider time, ILogger<SessionSweeper> logger) : BackgroundService
{
    private static readonly TimeSpan KeptLinks = TimeSpan.FromDays(1);

    /// <summary>One round: what has ended is closed and deleted.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var id in live.Sessions)
        {
            if (await sessions.FindPrincipalAsync(id, cancellationToken) is null)
            {
                live.EndSession(id);
            }
        }

        await using var context = database.CreateContext();
        var now = time.GetUtcNow();
        var openTokens = live.Tokens;
        if (openTokens.Count > 0)
        {
            var valid = await context.Set<ApiToken>().Where(token => openTokens.Contains(token.PublicId) && token.IsActive && token.ExpiresAt > now).Select(token => token.PublicId).ToListAsync(cancellationToken);
            foreach (var id in openTokens.Except(valid))
            {
                if (ExternalTokenId.Read(id) is not { } external || external.ExpiresAt <= now || !await context.Set<User>().AnyAsync(user => user.Id == external.UserId && user.IsActive, cancellationToken))
                {
                    live.EndToken(id);
                }
            }
        }

        var (idle, old) = (now - SessionLimits.Idle, now - KeptLinks);
        await context.Set<Session>().Where(session => session.ExpiresAt <= now || session.LastSeenAt <= idle).ExecuteDeleteAsync(cancellationToken);
        await context.Set<SignInLink>().Where(link => link.ExpiresAt <= old).ExecuteDeleteAsync(cancellationToken);
        meters.CountSessions(await context.Set<Session>().CountAsync(cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SessionLimits.Sweep, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
#pragma warning disable CA1031 // Whatever fails, the next round tries again: an open connection must not outlive its session for good.
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Log.Failed(logger, error);
            }
#pragma warning restore CA1031
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Open sessions could not be checked; the next round tries again.")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
