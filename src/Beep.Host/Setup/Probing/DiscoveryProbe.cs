using System.Net;
using System.Text.Json;
using Beep.Contracts;

namespace Beep.Host.Setup.Probing;

/// <summary>
/// Fetches a provider's discovery document and says whether it fits. Follows no redirect, reads little, waits shortly, and
/// shows nothing of what it read but the issuer.
/// </summary>
internal sealed class DiscoveryProbe(TimeProvider time)
{
    private const string Document = ".well-known/openid-configuration";
    private const string Where = "sign_in.authority";
    private const int MostBytes = 1 << 20;
    private const int LongestIssuer = 255;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <exception cref="FaultException">It does not fit.</exception>
    public async Task<DiscoveryProbeResult> TryAsync(string? authority, CancellationToken cancellationToken)
    {
        var address = Read(authority);
        var started = time.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var document = await FetchAsync(address, patience.Token).ConfigureAwait(false);
            return Judge(document.RootElement, authority!.Trim(), time.GetElapsedTime(started));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable();
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw NoProvider();
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
            : new Uri(address.AbsoluteUri.TrimEnd('/') + "/" + Document);
    }

    private static async Task<JsonDocument> FetchAsync(Uri address, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = !address.IsLoopback, ConnectTimeout = Patience, AutomaticDecompression = DecompressionMethods.None, MaxResponseHeadersLength = 32 };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var answer = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw NoProvider();
        }

        var buffer = new MemoryStream();
        var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = body.ConfigureAwait(false);
        var chunk = new byte[16 * 1024];
        while (await body.ReadAsync(chunk, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            if (buffer.Length + count > MostBytes)
            {
                throw NoProvider();
            }

            buffer.Write(chunk, 0, count);
        }

        return JsonDocument.Parse(buffer.ToArray());
    }

    private static DiscoveryProbeResult Judge(JsonElement document, string authority, TimeSpan latency)
    {
        if (document.GetProperty("issuer").GetString() is not { Length: > 0 and <= LongestIssuer } issuer || !Has(document, "response_types_supported", "code"))
        {
            throw NoProvider();
        }

        if (issuer != authority)
        {
            throw Fault("other_issuer", $"The provider calls itself '{string.Concat(issuer.Where(c => !char.IsControl(c)))}'.", "Write exactly that, if it is the provider that you mean.");
        }

        return new DiscoveryProbeResult(latency, Has(document, "code_challenge_methods_supported", "S256"));
    }

    private static bool Has(JsonElement document, string name, string value) =>
        document.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array && list.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.GetString() == value);

    private static FaultException Unreachable() => Fault("provider_unreachable", "No provider answers there in time.", "Check the address, and that this machine may reach it and trusts its certificate.");

    private static FaultException NoProvider() => Fault("no_provider", "What answers there gives no discovery document that this host can use.", "Write the issuer's own address, to which nothing redirects.");

    private static FaultException Fault(string code, string message, string remedy) => FaultException.Invalid(code, message, remedy, Where);
}

/// <summary>What is told of a provider that fits.</summary>
/// <param name="Latency">How long the document took.</param>
/// <param name="HasProofKey">Whether it says that it takes PKCE with S256.</param>
internal sealed record DiscoveryProbeResult(TimeSpan Latency, bool HasProofKey);
