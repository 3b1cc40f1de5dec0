using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>
/// What is known of the provider: its document and its keys, fetched when they are first needed, kept for a day, and fetched again for
/// a key that is not among them, at most once an interval however many ask. While it cannot be reached, what was known goes on.
/// </summary>
internal sealed class ProviderDirectory(string authority, ProviderHttp http, TimeProvider time) : IDisposable
{
    /// <summary>How long what was fetched is good without being asked for again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>How often an unknown key, or a provider that was away, is asked for.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ProviderKnowledge? _known;
    private ProviderException? _failure;
    private DateTimeOffset _fetchedAt = DateTimeOffset.MinValue;
    private DateTimeOffset _triedAt = DateTimeOffset.MinValue;
    private DateTimeOffset _forcedAt = DateTimeOffset.MinValue;

    /// <summary>Why the last fetch failed; null when it did not.</summary>
    public ProviderException? Failure => Volatile.Read(ref _failure);

    /// <summary>How often the document was fetched or tried to be.</summary>
    public int Fetches { get; private set; }

    /// <summary>The document and the keys.</summary>
    /// <exception cref="ProviderException">They were never known, and cannot be fetched now.</exception>
    public async Task<ProviderKnowledge> GetAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _known) is { } known && time.GetUtcNow() - _fetchedAt < Lifetime)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            if (_known is not null && now - _fetchedAt < Lifetime)
            {
                return _known;
            }

            if (_failure is not null && now - _triedAt < (_known is null ? TimeSpan.FromSeconds(1) : Interval))
            {
                return _known ?? throw _failure;
            }

            await FetchAsync(cancellationToken).ConfigureAwait(false);
            return _known ?? throw _failure!;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The keys that may have signed: those of an id, or all of them where none is named. A key that is not known is looked for once an interval.</summary>
    public async Task<IReadOnlyList<SecurityKey>> KeysAsync(string? keyId, CancellationToken cancellationToken)
    {
        var known = await GetAsync(cancellationToken).ConfigureAwait(false);
        if (keyId is null || known.Find(keyId).Count > 0)
        {
            return keyId is null ? known.Keys : known.Find(keyId);
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            if (_known!.Find(keyId).Count == 0 && now - _forcedAt >= Interval)
            {
                _forcedAt = now;
                await FetchAsync(cancellationToken).ConfigureAwait(false);
            }

            return (_known ?? throw _failure!).Find(keyId);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task FetchAsync(CancellationToken cancellationToken)
    {
        Fetches++;
        _triedAt = time.GetUtcNow();
        try
        {
            var document = ProviderDocument.Read(await ReadAsync(ProviderDocument.AddressOf(authority), cancellationToken).ConfigureAwait(false), authority);
            var keys = await ReadAsync(document.KeysAddress, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _known, new ProviderKnowledge(document, ProviderKeys.Read(keys)));
            (_fetchedAt, _failure) = (_triedAt, null);
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

    private async Task<System.Text.Json.JsonElement> ReadAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        var answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return answer.Status == System.Net.HttpStatusCode.OK
            ? answer.ReadObject()
            : throw ProviderException.Outage($"{answer.Where} answered with {(int)answer.Status}.");
    }
}

/// <summary>What is known of a provider.</summary>
internal sealed record ProviderKnowledge(ProviderDocument Document, IReadOnlyList<SecurityKey> Keys)
{
    public IReadOnlyList<SecurityKey> Find(string keyId) => [.. Keys.Where(key => key.KeyId == keyId)];
}
