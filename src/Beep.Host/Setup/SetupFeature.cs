using Beep.Host.Hosting.Settings;
using Beep.Host.Setup.Checklist;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Http;
using Beep.Host.Setup.Probing;
using Beep.Host.Setup.Unlocking;
using Beep.Host.Shell;
using Microsoft.AspNetCore.DataProtection;

namespace Beep.Host.Setup;

/// <summary>The wizard, in the server that goes before the real one; and what is left to do afterwards, in the real one.</summary>
internal static class SetupFeature
{
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    public static IServiceCollection AddSetup(this IServiceCollection services, SetupSurroundings setup, SetupToken token)
    {
        services.AddSingleton(setup).AddSingleton(token);
        services.AddSingleton<DraftStore>().AddSingleton<SetupJournal>().AddSingleton<SetupLock>().AddSingleton(provider => new SetupProbes(provider.GetRequiredService<TimeProvider>(), SetupProbes.Patience)).AddSingleton<SetupCompletion>();
        services.AddScoped<SetupSession>();
        // There is no SECRET_KEY yet, and nothing that this server protects outlives it.
        services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.RespectNullableAnnotations = true);
        // What is wrong with a body is said, not only that it is.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = Goodbye);
        return services;
    }

    /// <summary>For the server of a host that is set up.</summary>
    public static IServiceCollection AddChecklist(this IServiceCollection services) =>
        services.AddSingleton<ChecklistService>().AddSingleton(new OverviewCard(typeof(SetupChecklist), 10));

    public static void MapChecklist(this IEndpointRouteBuilder routes) => routes.MapChecklistEndpoints();

    public static IApplicationBuilder UseSetupGate(this IApplicationBuilder app) => app.UseMiddleware<SetupGate>();

    /// <summary>Before the host is set up it listens to this machine only, unless its environment says otherwise.</summary>
    public static HostOptions Shelter(HostOptions options, Func<string, string?> variable) =>
        new Choices.FixedSettings(variable).Has(SettingKeys.Host) ? options : options with { Host = SettingKeys.Host.Default! };
}
