using System.Diagnostics;

namespace Beep.Host.Hosting.Http;

/// <summary>Gives every request an id that its log lines, its audit rows, its error page and its answer share.</summary>
internal static class Correlation
{
    public const string Header = "X-Correlation-Id";

    public static IApplicationBuilder UseCorrelation(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // Made here and not taken from the caller, who could choose somebody else's.
        context.TraceIdentifier = (Activity.Current?.TraceId ?? ActivityTraceId.CreateRandom()).ToHexString();
        context.Response.Headers[Header] = context.TraceIdentifier;
        return next(context);
    });
}
