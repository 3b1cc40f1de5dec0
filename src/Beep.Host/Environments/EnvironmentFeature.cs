namespace Beep.Host.Environments;

/// <summary>Python environments: always there, since an administrator prepares them before anybody fine-tunes.</summary>
internal static class EnvironmentFeature
{
    public static IServiceCollection AddEnvironments(this IServiceCollection services) => services.AddEnvironmentCore();

    /// <summary>What a command has too.</summary>
    public static IServiceCollection AddEnvironmentCore(this IServiceCollection services) => services.AddSingleton<EnvironmentDirectory>();
}
