
namespace Beep.Host.Shell;

/// <summary>The frame of the pages.</summary>
internal static class ShellFeature
{
    public static IServiceCollection AddShell(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddCascadingAuthenticationState();
        // Where a page begins, there is a request; its circuit keeps what it was told then.
        services.AddScoped<ThemeState>();
        return services;
    }
}
