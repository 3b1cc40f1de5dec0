using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>
/// What is known of the provider: its document and its keys, fetched when they are first needed, kept for a day, and fetched again for
/// a token that none of them explains, at most once an interval however many ask. While it cannot be reached, what was known goes on.
/// </summary>
internal sealed class ProviderDirectory(string authority, ProviderHttp http, TimeProvider time) : IDisposable
{
    /// <summary>How long what was fetched is good without being asked for again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>How often an unknown key, or a provider that was away, is asked for.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>How often it is looked after while nobody signs in, so that its absence is known before somebody wants to.</summary>
    public static readonly TimeSpan Watch = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ProviderKnowledge? _known;
    private ProviderException? _failure;
    private long _triedAt = DateTimeOffset.MinValue.UtcTicks;
    private DateTimeOffset _forcedAt = DateTimeOffset.MinValue;

    /// <summary>Why the last fetch failed; null when it did not.</summary>
    public ProviderException? Failure => Volatile.Read(ref _failure);

    /// <summary>How often the document was fetched or tried to be.</summary>
    public int Fetches { get; private set; }

    /// <summary>The document and the keys.</summary>
    /// <exception cref="ProviderException">They were never known, and cannot be fetched now.</exception>
    public async Task<ProviderKnowledge> GetAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _known) is { } known && time.GetUtcNow() - known.FetchedAt < Lifetime)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            if (_known is not null && now - _known.FetchedAt < Lifetime)
            {
                return _known;
            }

            if (_failure is not null && !IsDue(now))
            {
                return _known ?? throw _failure;
            }

            await FetchAsync().ConfigureAwait(false);
            return _known ?? throw _failure!;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>What is known once a token was met that none of the keys explains: fetched anew, once an interval however many ask.</summary>
    /// <param name="outdated">What the token was held against.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ProviderKnowledge> RenewAsync(ProviderKnowledge outdated, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            if (ReferenceEquals(_known, outdated) && now - _forcedAt >= Interval)
            {
                _forcedAt = now;
                await FetchAsync().ConfigureAwait(false);
            }

            return _known ?? throw _failure!;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Why the provider cannot be used or does not answer, by a fetch that is not long ago; null where it can and does.</summary>
    public async Task<ProviderException?> FindFailureAsync(CancellationToken cancellationToken)
    {
        if (!IsDue(time.GetUtcNow()))
        {
            return Failure;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (IsDue(time.GetUtcNow()))
            {
                await FetchAsync().ConfigureAwait(false);
            }

            return _failure;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>Whether the provider should be asked again, though nothing is known to be missing.</summary>
    private bool IsDue(DateTimeOffset now) =>
        now.UtcTicks - Volatile.Read(ref _triedAt) >= (Failure is null ? Watch : Volatile.Read(ref _known) is null ? TimeSpan.FromSeconds(1) : Interval).Ticks;

    /// <summary>To the end, whoever asked for it: a caller who hangs up would take the fetch of this interval from all the others.</summary>
    private async Task FetchAsync()
    {
        Fetches++;
        var now = time.GetUtcNow();
        Volatile.Write(ref _triedAt, now.UtcTicks);
        try
        {
            var document = ProviderDocument.Read(await http.ReadAsync(ProviderDocument.AddressOf(authority), CancellationToken.None).ConfigureAwait(false), authority);
            var keys = await http.ReadAsync(document.KeysAddress, CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref _known, new ProviderKnowledge(document, ProviderKeys.Read(keys), now));
            Volatile.Write(ref _failure, null);
        }
        catch (ProviderException error)
        {
            Volatile.Write(ref _failure, error);
            if (error.Reason == ProviderDocument.OtherIssuer)
            {
                // What was known of it is not believed any longer.
                Volatile.Write(ref _known, null);
            }
        }
    }
}

/// <summary>What is known of a provider.</summary>
internal sealed record ProviderKnowledge(ProviderDocument Document, IReadOnlyList<SecurityKey> Keys, DateTimeOffset FetchedAt)
{
    /// <summary>The keys that may have signed: those of an id, or all of them where none is named.</summary>
    public IReadOnlyList<SecurityKey> Find(string? keyId) => keyId is null ? Keys : [.. Keys.Where(key => key.KeyId == keyId)];
}
