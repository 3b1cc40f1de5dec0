using Microsoft.AspNetCore.Authentication;

namespace Beep.Host.Identity.Sessions;

/// <summary>What was last known of sessions, so that not every request asks the database. Bounded: when it is full it begins anew.</summary>
internal sealed class SessionCache
{
    private const int Most = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, KnownSession> _bySecret = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _byId = new(StringComparer.Ordinal);
    private long _changes;

    /// <summary>Counts removals: what was read before one must not be added after it.</summary>
    public long Changes
    {
        get
        {
            lock (_lock)
            {
                return _changes;
            }
        }
    }

    public KnownSession? Find(string secretHash)
    {
        lock (_lock)
        {
            return _bySecret.GetValueOrDefault(secretHash);
        }
    }

    public void Add(string secretHash, string sessionId, KnownSession known, long readAtChange)
    {
        lock (_lock)
        {
            if (readAtChange != _changes)
            {
                return;
            }

            if (_bySecret.Count >= Most)
            {
                _bySecret.Clear();
                _byId.Clear();
            }

            _bySecret[secretHash] = known;
            _byId[sessionId] = secretHash;
        }
    }

    public void Remove(string sessionId)
    {
        lock (_lock)
        {
            _changes++;
            if (_byId.Remove(sessionId, out var secretHash))
            {
                _bySecret.Remove(secretHash);
            }
        }
    }

    /// <summary>Everything is read again: what somebody may do has changed.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _changes++;
            _bySecret.Clear();
            _byId.Clear();
        }
    }
}

/// <param name="Ticket">Cloned before it is handed out.</param>
/// <param name="CheckedAt">When the database said so.</param>
/// <param name="EndsAt">When it is over at the latest.</param>
internal sealed record KnownSession(AuthenticationTicket Ticket, DateTimeOffset CheckedAt, DateTimeOffset EndsAt);
