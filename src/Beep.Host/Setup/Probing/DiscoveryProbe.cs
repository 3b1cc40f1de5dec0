using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Identity.External.Protocol;

namespace Beep.Host.Setup.Probing;

/// <summary>
/// Fetches a provider's discovery document and keys and says whether they fit, by the same rules as a sign-in. Follows no redirect,
/// reads little, waits shortly, and shows nothing of what it read but the issuer.
/// </summary>
internal sealed class DiscoveryProbe(TimeProvider time, TimeSpan patience)
{
    private const string Where = "sign_in.authority";
    private const int LongestIssuer = 255;

    /// <exception cref="FaultException">It does not fit.</exception>
    public async Task<DiscoveryProbeResult> TryAsync(string? authority, CancellationToken cancellationToken)
    {
        using var http = new ProviderHttp(Read(authority), patience);
        var started = time.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            var document = await FindAsync(http, authority!.Trim(), limit.Token).ConfigureAwait(false);
            var keys = await CountKeysAsync(http, document.KeysAddress, limit.Token).ConfigureAwait(false);
            return new DiscoveryProbeResult(time.GetElapsedTime(started), document.HasProofKey, keys);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable();
        }
    }

    private static Uri Read(string? authority)
    {
        if (!Uri.TryCreate(authority?.Trim(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length + address.Query.Length + address.Fragment.Length > 0)
        {
            throw Fault("bad_address", "This is no address of a provider.", "Write an address that begins with https:// and has no user, question mark or #.");
        }

        return address is { Scheme: "http", IsLoopback: false }
            ? throw Fault("not_https", "Anyone between could read and change what is said there.", "Use https://.")
            : address;
    }

    private static async Task<ProviderDocument> FindAsync(ProviderHttp http, string authority, CancellationToken cancellationToken)
    {
        JsonElement? json = null;
        try
        {
            json = await http.ReadAsync(ProviderDocument.AddressOf(authority), cancellationToken).ConfigureAwait(false);
            return ProviderDocument.Read(json.Value, authority);
        }
        catch (ProviderException error)
        {
            throw error switch
            {
                // An answer with another status than 200 comes of nothing else.
                { IsOutage: true, InnerException: not null } => Unreachable(),
                { Reason: ProviderDocument.OtherIssuer } when json!.Value.Text("issuer") is { Length: > 0 and <= LongestIssuer } issuer =>
                    Fault("other_issuer", $"The provider calls itself '{string.Concat(issuer.Where(c => !char.IsControl(c)))}'.", "Write exactly that, if it is the provider that you mean."),
                _ => Fault("no_provider", "What answers there gives no discovery document that this host can use.", "Write the issuer's own address, to which nothing redirects."),
            };
        }
    }

    private static async Task<int> CountKeysAsync(ProviderHttp http, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            return ProviderKeys.Read(await http.ReadAsync(address, cancellationToken).ConfigureAwait(false)) is { Count: > 0 and var count } ? count : throw NoKeys();
        }
        catch (ProviderException)
        {
            throw NoKeys();
        }
    }

    private static FaultException Unreachable() => Fault("provider_unreachable", "No provider answers there in time.", "Check the address, and that this machine may reach it and trusts its certificate.");

    private static FaultException NoKeys() =>
        Fault("no_keys", "The provider's keys cannot be fetched, or none of them signs as this host takes it.", "See that this machine may reach its jwks_uri, and that it signs with RSA of 2048 bits and more or with an elliptic curve.");

    private static FaultException Fault(string code, string message, string remedy) => FaultException.Invalid(code, message, remedy, Where);
}

/// <summary>What is told of a provider that fits.</summary>
/// <param name="Latency">How long the document and the keys took.</param>
/// <param name="HasProofKey">Whether it says that it takes PKCE with S256.</param>
/// <param name="Keys">How many of its keys sign.</param>
internal sealed record DiscoveryProbeResult(TimeSpan Latency, bool HasProofKey, int Keys);
