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

    private static int _isListening;

    public static IServiceCollection AddMonitoring(this IServiceCollection services)
    {
        services.AddSingleton<MachineMonitor>();
        services.AddSingleton<Readiness>();
        services.AddSingleton(new OverviewCard(typeof(MachineCard), 50));
        return services;
    }

    public static void MapMonitoring(this IEndpointRouteBuilder routes)
    {
        Listen();
        routes.MapMetrics("/metrics").RequirePermission(Permissions.SystemAdmin);
        routes.MapHealth();
        routes.MapInfo();
    }

    /// <summary>Counts from the start on: by itself the library would begin with the first question.</summary>
    private static void Listen()
    {
        if (Interlocked.Exchange(ref _isListening, 1) == 0)
        {
            Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressMeters = true, SuppressEventCounters = true, SuppressDebugMetrics = true });
            _ = MeterAdapter.StartListening(new MeterAdapterOptions { InstrumentFilterPredicate = instrument => Meters.Any(meter => instrument.Meter.Name.StartsWith(meter, StringComparison.Ordinal)) });
        }
    }
}
