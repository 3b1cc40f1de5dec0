namespace Beep.Host.Settings;

/// <summary>The settings in the server.</summary>
internal static class SettingsFeature
{
    public static IServiceCollection AddSettings(this IServiceCollection services, Func<string, string?> variable) =>
        services.AddSingleton(new SettingsOrigin(variable)).AddSingleton<WayIn>().AddSingleton<SettingsService>().AddSingleton<SettingsRestart>();
}
