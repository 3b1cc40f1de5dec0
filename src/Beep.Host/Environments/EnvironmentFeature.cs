using Beep.Host.Environments.Api;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Pages;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Shell.Layout;
using Beep.Host.Tasks;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Beep.Host.Environments;

/// <summary>Python environments: always there, since an administrator prepares them before anybody fine-tunes.</summary>
internal static class EnvironmentFeature
{
    public static IServiceCollection AddEnvironments(this IServiceCollection services, Func<string, string?> variable, string programFolder)
    {
        services.AddEnvironmentCore(variable, programFolder);
        services.AddTaskHandler<CreateEnvironment>();
        services.AddTaskHandler<VerifyEnvironment>();
        services.AddTaskHandler<RepairEnvironment>();
        services.AddTaskHandler<RemoveEnvironment>();
        services.AddSingleton<ISearchSource, EnvironmentSearch>();
        services.AddHostedService<EnvironmentSweeper>();
        return services;
    }

    public static void MapEnvironments(this IEndpointRouteBuilder routes) => EnvironmentEndpoints.Map(routes);

    /// <summary>What a command has too. A worker, places or finder that is registered before is kept.</summary>
    public static IServiceCollection AddEnvironmentCore(this IServiceCollection services, Func<string, string?> variable, string programFolder)
    {
        services.TryAddSingleton<Func<PythonWorker>>(() => PythonWorker.Locate(programFolder));
        services.TryAddSingleton(RuntimePlaces.OfMachine(variable, programFolder));
        services.TryAddSingleton<RuntimeFinder>();
        return services
            .AddSingleton<EnvironmentDirectory>()
            .AddSingleton<EnvironmentFolders>()
            .AddSingleton<EnvironmentRegistry>()
            .AddSingleton<EnvironmentReader>()
            .AddSingleton<EnvironmentService>()
            .AddSingleton<PackageReader>()
            .AddSingleton<EnvironmentVerifier>()
            .AddSingleton(provider => ActivatorUtilities.CreateInstance<EnvironmentMaker>(provider, variable))
            .AddSingleton<EnvironmentBuilder>();
    }
}
