using Beep.Host.Models.Adding;
using Beep.Host.Models.Hub;
using Beep.Host.Models.Pages;
using Beep.Host.Shell.Layout;
using Beep.Host.Tasks;

namespace Beep.Host.Models;

/// <summary>The registry of models: always there, since people can talk to models whether or not they fine-tune.</summary>
internal static class ModelFeature
{
    public static IServiceCollection AddModels(this IServiceCollection services, string programFolder)
    {
        services.AddModelCore(programFolder);
        services.AddSingleton<ModelRemover>();
        services.AddSingleton<ModelAdder>();
        services.AddTaskHandler<ImportModel>();
        services.AddTaskHandler<DownloadModel>();
        services.AddSingleton<ISearchSource, ModelSearch>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelSeeder>());
        return services;
    }

    public static void MapModels(this IEndpointRouteBuilder routes) => ModelEndpoints.Map(routes);

    /// <summary>What a command has too.</summary>
    public static IServiceCollection AddModelCore(this IServiceCollection services, string programFolder) => services
        .AddSingleton(new ProgramFolder(programFolder))
        .AddSingleton<ModelStore>()
        .AddSingleton<ModelWriter>()
        .AddSingleton<ModelReader>()
        .AddSingleton<ModelRegistry>()
        .AddSingleton<ModelSeeder>()
        .AddSingleton<ModelPreparation>()
        .AddSingleton<ImportFolders>()
        .AddSingleton(new HubOptions())
        .AddSingleton<HubAddress>()
        .AddSingleton<HubClient>()
        .AddSingleton<HubDownload>();
}
