using System.Net;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text.Json;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>Calls a provider: no redirect is followed, no cookie kept, little read, and not waited for long.</summary>
internal sealed class ProviderHttp : IDisposable
{
    private const int MostBytes = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client;
    private readonly TimeSpan _patience;

    /// <param name="authority">The provider; on this machine it is reached without a proxy.</param>
    /// <param name="patience">How long an answer may take, and half of it how long the way there; null for what people wait for.</param>
    public ProviderHttp(Uri authority, TimeSpan? patience = null)
    {
        _patience = patience ?? Patience;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !authority.IsLoopback,
            ConnectTimeout = _patience / 2,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 64,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <exception cref="ProviderException">There is none in time, or it is too long.</exception>
    public async Task<ProviderAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var where = request.RequestUri!.GetLeftPart(UriPartial.Path);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_patience);
        try
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(MediaTypeNames.Application.Json));
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
            var body = await ReadAsync(answer, where, patience.Token).ConfigureAwait(false);
            return (int)answer.StatusCode >= 500
                ? throw ProviderException.Outage($"{where} answered with {(int)answer.StatusCode}.")
                : new ProviderAnswer(answer.StatusCode, where, answer.Content.Headers.ContentType?.MediaType, body);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw ProviderException.Outage($"{where} did not answer within {_patience.TotalSeconds} s.", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw ProviderException.Outage($"{where} could not be reached: {error.Message}", error);
        }
    }

    /// <summary>What a provider publishes.</summary>
    /// <exception cref="ProviderException">It is no object, or is not there.</exception>
    public async Task<JsonElement> ReadAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        var answer = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return answer.Status == HttpStatusCode.OK ? answer.ReadObject() : throw ProviderException.Outage($"{answer.Where} answered with {(int)answer.Status}.");
    }

    public void Dispose() => _client.Dispose();

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, string where, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = body.ConfigureAwait(false);
        var chunk = new byte[16 << 10];
        while (await body.ReadAsync(chunk, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            if (buffer.Length + count > MostBytes)
            {
                throw new ProviderException("answer_too_long", $"{where} answered with more than {MostBytes} bytes.");
            }

            buffer.Write(chunk, 0, count);
        }

        return buffer.ToArray();
    }
}

/// <summary>What a provider answered.</summary>
/// <param name="Status">Never 5xx.</param>
/// <param name="Where">Which address, without its query.</param>
/// <param name="MediaType">As it said.</param>
/// <param name="Body">All of it.</param>
internal sealed record ProviderAnswer(HttpStatusCode Status, string Where, string? MediaType, byte[] Body)
{
    /// <summary>The body as an object, whatever the status; a name that comes twice is refused, for two readers could take two values.</summary>
    /// <exception cref="ProviderException">It is none.</exception>
    public JsonElement ReadObject()
    {
        try
        {
            return ClaimReading.ParseObject(Body);
        }
        catch (JsonException error)
        {
            throw new ProviderException("answer_no_json", $"{Where} answered with {(int)Status} and '{MediaType}', which is no JSON object.", error);
        }
    }
}
