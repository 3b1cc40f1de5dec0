namespace Beep.Host.Hosting.Http;

/// <summary>What browsers are told they may do with our answers.</summary>
internal static class BrowserHeaders
{
    private const string Policy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'";

    private const string StrictTransport = "max-age=31536000";

    public static IApplicationBuilder UseBrowserHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // Last of all, so that an answer that was begun anew has them too.
        context.Response.OnStarting(() =>
        {
            Write(context.Response.Headers, context.Request.IsHttps);
            return Task.CompletedTask;
        });
        return next(context);
    });

    private static void Write(IHeaderDictionary headers, bool isHttps)
    {
        // Component libraries set styles inline; scripts are files of ours only.
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()";
        if (isHttps)
        {
            headers.StrictTransportSecurity = StrictTransport;
        }

        // Static files say for how long they may be kept; everything else is about somebody.
        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }
    }
}
