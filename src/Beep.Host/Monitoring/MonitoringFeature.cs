using Beep.Host.Hosting.Access;
using Beep.Host.Monitoring.Pages;
using Beep.Host.Shell;
using Prometheus;

namespace Beep.Host.Monitoring;

/// <summary>The machine, the health of the server, and its figures for a monitoring system.</summary>
internal static class MonitoringFeature
{
    // Ours, requests, and the runtime; a meter of a library that nobody reads costs memory.
    private static readonly string[] Meters = ["Beep.", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    public static IServiceCollection AddMonitoring(this IServiceCollection services)
    {
        services.AddSingleton<MachineMonitor>();
        services.AddSingleton<Readiness>();
        services.AddSingleton(new OverviewCard(typeof(MachineCard), 50));
        return services;
    }

    public static void MapMonitoring(this IEndpointRouteBuilder routes)
    {
        Metrics.ConfigureMeterAdapter(options => options.InstrumentFilterPredicate = instrument => Meters.Any(meter => instrument.Meter.Name.StartsWith(meter, StringComparison.Ordinal)));
        routes.MapMetrics("/metrics").RequirePermission(Permissions.SystemAdmin);
        routes.MapHealth();
        routes.MapInfo();
    }
}
