using System.Net;
using Beep.Contracts;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Hosting.Http;

/// <summary>
/// Refuses requests that were made for another host (a name that was pointed here: DNS rebinding) and requests that a page of
/// another origin makes a browser send. Addresses in numbers cannot be rebound and are let through.
/// </summary>
internal sealed class AddressGuard(RequestDelegate next, HostOptions options)
{
    private const string Hidden = "null";

    private readonly string[] _names = [.. new[] { "localhost", Dns.GetHostName(), options.PublicUrl?.Host ?? "localhost" }.Distinct(StringComparer.OrdinalIgnoreCase)];
    private readonly string? _publicOrigin = options.PublicUrl?.GetLeftPart(UriPartial.Authority);

    public Task InvokeAsync(HttpContext context)
    {
        var host = context.Request.Host.Host.Trim('[', ']');
        if (!_names.Contains(host, StringComparer.OrdinalIgnoreCase) && !IPAddress.TryParse(host, out _))
        {
            return ProblemAnswers.WriteAsync(context, StatusCodes.Status400BadRequest,
                [new Fault("unknown_host", "This server is not known by the name in the request.", $"Set {SettingKeys.PublicUrl.Name} to the address that browsers use.", SettingKeys.PublicUrl.Name)]);
        }

        return IsForeign(context.Request)
            ? ProblemAnswers.WriteAsync(context, StatusCodes.Status403Forbidden,
                [new Fault("foreign_origin", "The request was made by a page of another origin.", $"Open this server's own pages; behind a proxy, set {SettingKeys.PublicUrl.Name}.", "Origin")])
            : next(context);
    }

    private bool IsForeign(HttpRequest request)
    {
        var isChange = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method);
        if (!isChange && !request.Headers.Upgrade.Contains("websocket", StringComparer.OrdinalIgnoreCase) && !request.Path.StartsWithSegments("/hubs") && !request.Path.StartsWithSegments("/_blazor"))
        {
            return false;
        }

        var origin = request.Headers.Origin;
        if (origin == Hidden)
        {
            // Our own no-referrer makes browsers leave the origin out of forms; they still say where the page was from.
            return request.Headers["Sec-Fetch-Site"] != "same-origin";
        }

        return origin.Count > 1 || (origin.Count == 1 && origin != $"{request.Scheme}://{request.Host}" && origin != _publicOrigin);
    }
}
