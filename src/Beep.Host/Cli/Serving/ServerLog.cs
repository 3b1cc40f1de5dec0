using Microsoft.Extensions.Logging.Console;

namespace Beep.Host.Cli.Serving;

/// <summary>The server's log: on stderr, a line an entry, or a JSON object on request.</summary>
internal static class ServerLog
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z '";

    public static ILoggingBuilder AddServerLog(this ILoggingBuilder logging, ServeRequest request)
    {
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (request.LogsJson)
        {
            logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat, json.IncludeScopes) = (true, "O", true));
        }
        else
        {
            logging.AddSimpleConsole(line => (line.UseUtcTimestamp, line.TimestampFormat, line.SingleLine, line.ColorBehavior) = (true, TimeFormat, true, LoggerColorBehavior.Disabled));
        }

        // Requests are counted in /metrics; one that fails is logged by us.
        logging.SetMinimumLevel(request.LeastLevel)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Diagnostics", LogLevel.Critical)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddFilter("System", LogLevel.Warning);
        return logging;
    }
}
