using System.Globalization;
using System.Text;
using Beep.Host.Hosting.Http;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Hosting.Live;

/// <summary>Events as <c>text/event-stream</c>, numbered, so that a browser that reconnects says where to go on.</summary>
internal sealed class EventStream(IAsyncEnumerable<LiveEvent> events) : IResult
{
    private const string LastEventId = "Last-Event-ID";
    private const string MediaType = "text/event-stream";
    private const int MostPending = 32 << 10;
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

    /// <summary>Whether the caller wants a stream and no page of a list.</summary>
    public static bool IsWanted(HttpRequest request) => request.Headers.Accept.Any(accept => accept?.Contains(MediaType, StringComparison.OrdinalIgnoreCase) == true);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        // A stream that is open must not hold up the end of the server.
        var stopping = httpContext.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        var (response, cancellationToken) = (httpContext.Response, ending.Token);
        response.ContentType = MediaType;
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
        var pending = new StringBuilder();
        try
        {
            for (; ; next = source.MoveNextAsync().AsTask())
            {
                // What is there at once goes out in one write; nothing waits for what is not.
                if (pending.Length > 0 && (!next.IsCompleted || pending.Length > MostPending))
                {
                    await WriteAsync(response, pending.ToString(), cancellationToken).ConfigureAwait(false);
                    pending.Clear();
                }

                await WaitAsync(response, next, cancellationToken).ConfigureAwait(false);
                if (!await next.ConfigureAwait(false))
                {
                    await WriteAsync(response, pending.ToString(), cancellationToken).ConfigureAwait(false);
                    return;
                }

                // The data is JSON without a line break.
                pending.Append(CultureInfo.InvariantCulture, $"id: {source.Current.Seq}\nevent: {source.Current.Type}\ndata: {source.Current.Data.GetRawText()}\n\n");
            }
        }
        finally
        {
            // A source must not be disposed of while it works.
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Says now and then that the connection is alive.</summary>
    private static async Task WaitAsync(HttpResponse response, Task<bool> next, CancellationToken cancellationToken)
    {
        while (!next.IsCompleted)
        {
            // The timer ends with the wait: a stream that is busy would gather thousands of them.
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var pause = Task.Delay(Pause, waited.Token);
            var isSilent = await Task.WhenAny(next, pause).ConfigureAwait(false) == pause && !cancellationToken.IsCancellationRequested;
            await waited.CancelAsync().ConfigureAwait(false);
            if (isSilent)
            {
                await WriteAsync(response, ": waiting\n\n", cancellationToken).ConfigureAwait(false);
            }
            else
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
