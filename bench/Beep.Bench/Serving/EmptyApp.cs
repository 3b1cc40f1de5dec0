using Beep.Host.Monitoring;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Beep.Bench.Serving;

/// <summary>The least that ASP.NET Core can be, one route and nothing else: what this machine takes for any server.</summary>
internal static class EmptyApp
{
    public const string Command = "empty-app";

    public static int Run(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.MapGet(HealthEndpoints.Ready, () => "ok");
        app.Run();
        return 0;
    }
}
