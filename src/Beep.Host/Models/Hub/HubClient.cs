using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Models.Hub;

/// <summary>Asks a hub of models: what a repository holds, and for its files. Redirects are followed by hand, each looked at first.</summary>
internal sealed partial class HubClient : IDisposable
{
    private const int MostHops = 8;
    private const int MostAnswerBytes = 32 << 20;
    private const int MostTreePages = 20;

    private readonly HubAddress _address;
    private readonly HubOptions _options;
    private readonly string? _token;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public HubClient(HubAddress address, HubOptions options, HostOptions host, TimeProvider time)
    {
        (_address, _options, _token, _time) = (address, options, host.HubToken?.Value, time);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = address.ConnectAsync,
            ConnectTimeout = options.Silence,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("beep", "1"));
    }

    /// <summary>What a repository holds at a revision.</summary>
    /// <exception cref="FaultException">There is none, it is not given to us, or the hub does not answer.</exception>
    /// <exception cref="HttpFaultException">422: the name or revision is none.</exception>
    public async Task<HubRepository> ReadAsync(string repository, string? revision, CancellationToken cancellationToken)
    {
        ModelName.Require(repository, "repository");
        revision ??= "main";
        if (!Revision().IsMatch(revision) || revision.Contains("..", StringComparison.Ordinal))
        {
            throw HttpFaultException.Invalid("bad_revision", "The revision is not the name of a branch, a tag or a commit.", "Use letters, digits, '.', '-', '_' and '/'.", "revision");
        }

        using var info = HubAnswer.Parse(await ReadTextAsync(_address.InfoOf(repository, revision), repository, revision, cancellationToken), repository);
        var commit = HubAnswer.Commit(info.RootElement, repository);
        var files = HubAnswer.Siblings(info.RootElement) ?? await ReadTreeAsync(repository, commit, cancellationToken);
        return HubAnswer.Repository(info.RootElement, repository, commit, files);
    }

    /// <summary>A small file, whole.</summary>
    public Task<byte[]> ReadFileAsync(string repository, string commit, string file, CancellationToken cancellationToken) =>
        ReadTextAsync(_address.FileOf(repository, commit, file), repository, commit, cancellationToken);

    /// <summary>Begins to read a file from a byte on. The answer is a success: 200 or 206.</summary>
    /// <exception cref="FaultException">It is not given to us.</exception>
    /// <exception cref="HubRetryException">Another try may help.</exception>
    public async Task<HttpResponseMessage> OpenFileAsync(string repository, string commit, HubFile file, long from, CancellationToken cancellationToken) =>
        await SendAsync(_address.FileOf(repository, commit, file.Name), from, repository, commit, cancellationToken);

    public void Dispose() => _http.Dispose();

    /// <summary>Tries as often as the options say while <paramref name="work"/> says that another try may help.</summary>
    public async Task<T> TryAsync<T>(string what, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work(cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested && IsPassing(error))
            {
                if (attempt >= _options.Tries)
                {
                    throw HubFaults.Failed(what, ReasonOf(error), error);
                }

                await WaitAsync(attempt, error, cancellationToken);
            }
        }
    }

    /// <summary>Whether another try may help.</summary>
    public static bool IsPassing(Exception error) => error is HubRetryException or HttpRequestException or HttpIOException or TimeoutException or OperationCanceledException or EndOfStreamException
        || (error is IOException && error.InnerException is System.Net.Sockets.SocketException);

    public Task WaitAsync(int attempt, Exception error, CancellationToken cancellationToken)
    {
        var wait = (error as HubRetryException)?.After ?? _options.FirstWait * Math.Pow(2, Math.Min(attempt - 1, 10));
        return Task.Delay(wait < _options.LongestWait ? wait : _options.LongestWait, _time, cancellationToken);
    }

    public static string ReasonOf(Exception error) => error switch
    {
        HubRetryException => error.Message,
        OperationCanceledException or TimeoutException => "it says nothing",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "its name is not known here",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "it cannot be reached",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "its certificate is not trusted here",
        _ => "the connection broke",
    };

    private async Task<byte[]> ReadTextAsync(Uri address, string repository, string revision, CancellationToken cancellationToken) =>
        (await TryAsync(repository, token => ReadOnceAsync(address, repository, revision, token), cancellationToken)).Content;

    private async Task<(byte[] Content, Uri? Next)> ReadOnceAsync(Uri address, string repository, string revision, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Silence);
        using var answer = await SendAsync(address, 0, repository, revision, limit.Token);
        await using var stream = await answer.Content.ReadAsStreamAsync(limit.Token);
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        int count;
        while ((count = await stream.ReadAsync(buffer, limit.Token)) > 0)
        {
            content.Write(buffer, 0, count);
            if (content.Length > MostAnswerBytes)
            {
                throw HubFaults.BadAnswer(repository, $"an answer is longer than {MostAnswerBytes:N0} bytes");
            }
        }

        return (content.ToArray(), HubAnswer.Next(answer, address));
    }

    private async Task<IReadOnlyList<HubFile>> ReadTreeAsync(string repository, string commit, CancellationToken cancellationToken)
    {
        List<HubFile> files = [];
        var page = _address.TreeOf(repository, commit);
        for (var pages = 0; page is not null && pages < MostTreePages; pages++)
        {
            var here = page;
            var (content, next) = await TryAsync(repository, token => ReadOnceAsync(here, repository, commit, token), cancellationToken);
            using var tree = HubAnswer.Parse(content, repository);
            files.AddRange(HubAnswer.Tree(tree.RootElement, repository));
            page = next;
        }

        return files;
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, long from, string repository, string revision, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop < MostHops; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            if (_token is not null && _address.IsHub(address))
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            }

            request.Headers.Range = from > 0 ? new RangeHeaderValue(from, null) : null;
            var answer = await SendAsync(request, cancellationToken);
            if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return answer;
            }

            using (answer)
            {
                if ((int)answer.StatusCode is >= 301 and <= 308 && answer.Headers.Location is { } location)
                {
                    address = location.IsAbsoluteUri ? location : new Uri(address, location);
                    _address.RequireHop(address);
                    continue;
                }

                throw HubFaults.Of(answer, _address, repository, revision, _token is not null) as Exception
                    ?? new HubRetryException($"it answers {(int)answer.StatusCode}", answer.Headers.RetryAfter?.Delta);
            }
        }

        throw HubFaults.BadAnswer(repository, $"it sends on more than {MostHops} times");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Silence);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (HttpRequestException error) when (error.InnerException is FaultException fault)
        {
            throw new FaultException(fault.ExitCode, fault.Faults, error);
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\z")]
    private static partial Regex Revision();
}

/// <summary>The hub could not answer now.</summary>
internal sealed class HubRetryException(string message, TimeSpan? after = null) : Exception(message)
{
    /// <summary>When it wants to be asked again.</summary>
    public TimeSpan? After => after;
}
