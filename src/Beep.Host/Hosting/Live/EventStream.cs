using System.Globalization;
using System.Text;
using Beep.Host.Hosting.Http;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Hosting.Live;

/// <summary>Events as <c>text/event-stream</c>, numbered, so that a browser that reconnects says where to go on.</summary>
internal sealed class EventStream(IAsyncEnumerable<LiveEvent> events) : IResult
{
    private const string LastEventId = "Last-Event-ID";
    // Below the idle limits of usual proxies.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    /// <summary>The number after which the caller wants to go on; null when it begins.</summary>
    /// <exception cref="HttpFaultException">It is no number of ours.</exception>
    public static long? LastSeq(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(LastEventId, out var values) || values.ToString() is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            ? seq
            : throw HttpFaultException.BadRequest("bad_event_id", $"{LastEventId} is none that a stream gave.", "Pass the id of the last event, unchanged, or leave it out.", LastEventId);
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        // A stream that is open must not hold up the end of the server.
        var stopping = httpContext.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        var (response, cancellationToken) = (httpContext.Response, ending.Token);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        await response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SendAsync(response, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The caller has gone, or the server goes.
        }
    }

    private async Task SendAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var source = events.GetAsyncEnumerator(stop.Token);
        await using var _ = source.ConfigureAwait(false);
        var next = source.MoveNextAsync().AsTask();
        try
        {
            for (; ; next = source.MoveNextAsync().AsTask())
            {
                while (await Task.WhenAny(next, Task.Delay(Pause, cancellationToken)).ConfigureAwait(false) != next)
                {
                    await WriteAsync(response, ": waiting\n\n", cancellationToken).ConfigureAwait(false);
                }

                if (!await next.ConfigureAwait(false))
                {
                    return;
                }

                // The data is JSON without a line break.
                await WriteAsync(response, string.Create(CultureInfo.InvariantCulture, $"id: {source.Current.Seq}\nevent: {source.Current.Type}\ndata: {source.Current.Data.GetRawText()}\n\n"), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // A source must not be disposed of while it works.
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
