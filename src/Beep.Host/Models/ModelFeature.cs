namespace Beep.Host.Models;

/// <summary>The registry of models: always there, since people can talk to models whether or not they fine-tune.</summary>
internal static class ModelFeature
{
    public static IServiceCollection AddModels(this IServiceCollection services, string programFolder)
    {
        services.AddModelCore(programFolder);
        services.AddHostedService(provider => provider.GetRequiredService<ModelSeeder>());
        return services;
    }

    /// <summary>What a command has too.</summary>
    public static IServiceCollection AddModelCore(this IServiceCollection services, string programFolder) => services
        .AddSingleton(new ProgramFolder(programFolder))
        .AddSingleton<ModelStore>()
        .AddSingleton<ModelWriter>()
        .AddSingleton<ModelReader>()
        .AddSingleton<ModelRegistry>()
        .AddSingleton<ModelSeeder>();
}
