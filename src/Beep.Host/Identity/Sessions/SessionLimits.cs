using Beep.Host.Identity.Access;

namespace Beep.Host.Identity.Sessions;

/// <summary>How long sessions last and how fast a revocation is heeded.</summary>
internal static class SessionLimits
{
    public static readonly TimeSpan Idle = TimeSpan.FromHours(8);
    public static readonly TimeSpan Absolute = TimeSpan.FromHours(24);
    public static readonly TimeSpan AdminIdle = TimeSpan.FromMinutes(30);
    public static readonly TimeSpan AdminAbsolute = TimeSpan.FromHours(8);
    public static readonly TimeSpan Elevation = TimeSpan.FromMinutes(10);

    /// <summary>How old what is known of a session may be.</summary>
    public static readonly TimeSpan Recheck = TimeSpan.FromSeconds(60);

    /// <summary>How often connections that stay open are held against the table.</summary>
    public static readonly TimeSpan Sweep = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan SeenGrain = TimeSpan.FromMinutes(1);
    public const int MostPerUser = 10;

    /// <summary>The absolute end for what its user holds now.</summary>
    public static DateTimeOffset LastEnd(Session session, Standing standing)
    {
        var end = session.CreatedAt + (standing.IsAdmin ? AdminAbsolute : Absolute);
        return end < session.ExpiresAt ? end : session.ExpiresAt;
    }

    /// <summary>When it ends if nobody comes any more.</summary>
    public static DateTimeOffset End(Session session, Standing standing)
    {
        var (idle, last) = (session.LastSeenAt + (standing.IsAdmin ? AdminIdle : Idle), LastEnd(session, standing));
        return idle < last ? idle : last;
    }
}
