using System.Collections.Concurrent;

namespace Beep.Host.Identity.Sessions;

/// <summary>What this process holds open for sessions and tokens, so that it can be closed when one of them ends.</summary>
internal sealed class LiveSessions
{
    private const string TokenPrefix = "token:";

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<Registration, Action>> _open = new(StringComparer.Ordinal);

    /// <summary>The public ids of the sessions that something is open for.</summary>
    public IReadOnlyList<string> Sessions => [.. _open.Keys.Where(key => !key.StartsWith(TokenPrefix, StringComparison.Ordinal))];

    /// <summary>The public ids of the tokens that something is open for.</summary>
    public IReadOnlyList<string> Tokens => [.. _open.Keys.Where(key => key.StartsWith(TokenPrefix, StringComparison.Ordinal)).Select(key => key[TokenPrefix.Length..])];

    /// <summary>Calls <paramref name="onEnd"/> when the session ends, until this is disposed.</summary>
    public IDisposable RegisterSession(string sessionId, Action onEnd) => Register(sessionId, onEnd);

    public IDisposable RegisterToken(string tokenId, Action onEnd) => Register(TokenPrefix + tokenId, onEnd);

    public void EndSession(string sessionId) => End(sessionId);

    public void EndToken(string tokenId) => End(TokenPrefix + tokenId);

    private Registration Register(string key, Action onEnd)
    {
        var registration = new Registration(this, key);
        while (true)
        {
            var open = _open.GetOrAdd(key, _ => new ConcurrentDictionary<Registration, Action>());
            open[registration] = onEnd;
            // Somebody may have taken the emptied set away in between.
            if (_open.TryGetValue(key, out var current) && ReferenceEquals(open, current))
            {
                return registration;
            }
        }
    }

    private void End(string key)
    {
        if (_open.TryGetValue(key, out var open))
        {
            foreach (var onEnd in open.Values)
            {
                onEnd();
            }
        }
    }

    private void Remove(Registration registration)
    {
        if (_open.TryGetValue(registration.Key, out var open) && open.TryRemove(registration, out _) && open.IsEmpty)
        {
            _open.TryRemove(KeyValuePair.Create(registration.Key, open));
            // One that was added meanwhile goes on in a set of its own.
            foreach (var (late, onEnd) in open)
            {
                _open.GetOrAdd(registration.Key, _ => new ConcurrentDictionary<Registration, Action>())[late] = onEnd;
            }
        }
    }

    private sealed class Registration(LiveSessions owner, string key) : IDisposable
    {
        public string Key => key;

        public void Dispose() => owner.Remove(this);
    }
}
