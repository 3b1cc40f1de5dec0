using Beep.Host.Hosting.Live;
using Beep.Host.Jobs.Artifacts;
using Beep.Host.Jobs.Runs.Compare;
using Beep.Host.Jobs.Runs.Events;
using Beep.Host.Jobs.Runs.Logs;
using Beep.Host.Jobs.Runs.Metrics;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Runs;

/// <summary>Watching runs, and taking away what came out of them.</summary>
internal static class RunFeature
{
    public static IServiceCollection AddRuns(this IServiceCollection services)
    {
        services.AddSingleton<RunStates>();
        services.AddSingleton<RunFeed>();
        services.AddSingleton<ILiveTopic, RunTopic>();
        services.AddSingleton<RunMetrics>();
        services.AddHostedService<RunIndexer>();
        services.AddSingleton<RunLogs>();
        services.AddSingleton<RunResults>();
        services.AddSingleton<RunComparison>();
        services.AddSingleton<ArtifactService>();
        services.AddSingleton<RunArchive>();
        services.AddTaskHandler<MergeHandler>();
        return services;
    }

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        RunEndpoints.Map(routes);
        ArtifactEndpoints.Map(routes);
    }
}
