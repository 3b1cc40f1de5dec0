using System.Net.Mime;
using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Tokens;

namespace Beep.Host.Identity.Access;

/// <summary>
/// For every request of somebody known: a change through the API with a cookie must carry a header that no form and no
/// other origin can send, a token must keep to its rate, and what stays open is closed when the session or token ends.
/// </summary>
internal sealed class RequestGuard(RequestDelegate next, LiveSessions live, TokenRate rate, TimeProvider time)
{
    public const string Header = "X-Beep-Request";
    public const string HeaderValue = "1";
    private const string Circuits = "/_blazor";

    // A circuit does nothing any more from the moment that its session ends; this is for its page to hear of it and leave.
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.User.FindFirstValue(ClaimNames.TokenId) is { } tokenId)
        {
            if (rate.Take(tokenId) is { } wait)
            {
                throw HttpFaultException.TooMany($"The token '{tokenId}' has called more than {TokenRate.PerMinute} times within a minute.", wait);
            }

            using (live.RegisterToken(tokenId, Closer(context)))
            {
                await next(context);
            }
        }
        else if (context.User.FindFirstValue(ClaimNames.SessionId) is { } sessionId)
        {
            RequireHeader(context.Request);
            using var closing = new CancellationTokenSource();
            using (closing.Token.Register(context.Abort))
            using (live.RegisterSession(sessionId, context.Request.Path.StartsWithSegments(Circuits) ? () => EndSoon(closing) : Closer(context)))
            {
                await next(context);
            }
        }
        else
        {
            await next(context);
        }
    }

    private static void RequireHeader(HttpRequest request)
    {
        var isChange = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method) && !HttpMethods.IsTrace(request.Method);
        if (isChange && (request.Path.StartsWithSegments("/api") || request.Path.StartsWithSegments("/v1")) && request.Headers[Header] != HeaderValue)
        {
            throw HttpFaultException.Forbidden("csrf_header_missing", $"A change with a browser's session lacks the header {Header}.", $"Send {Header}: {HeaderValue}.");
        }
    }

    private static void EndSoon(CancellationTokenSource closing)
    {
        try
        {
            closing.CancelAfter(LastWord);
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself at the same moment.
        }
    }

    /// <summary>A short request may end by itself, such as the one that ends its own session; one that stays open is cut off.</summary>
    private Action Closer(HttpContext context)
    {
        var started = time.GetTimestamp();
        var staysOpen = context.Request.Headers.Upgrade.Count > 0 || context.Request.Path.StartsWithSegments("/hubs") || context.Request.Path.StartsWithSegments("/_blazor")
            || context.Request.Headers.Accept.ToString().Contains(MediaTypeNames.Text.EventStream, StringComparison.OrdinalIgnoreCase);
        return () =>
        {
            if (staysOpen || time.GetElapsedTime(started) > Long)
            {
                context.Abort();
            }
        };
    }
}
