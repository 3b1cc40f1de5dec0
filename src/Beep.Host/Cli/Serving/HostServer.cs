using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Keys;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Monitoring;
using Beep.Host.Setup;
using Beep.Host.Shell;
using Scalar.AspNetCore;

namespace Beep.Host.Cli.Serving;

/// <summary>The server of a host that is set up: every feature in one pipeline.</summary>
internal static class HostServer
{
    private const string Reference = "/reference";

    /// <summary>Built and not started; the database must be current.</summary>
    public static WebApplication Build(HostOptions options, AuditTrail trail, ServeRequest request)
    {
        var builder = WebDefaults.CreateBuilder(options, request);
        var services = builder.Services;
        services.AddSingleton(trail.Database).AddSingleton(trail.Key).AddSingleton(trail.Checkpoints).AddSingleton(trail.Writer);
        services.AddScoped(provider => provider.GetRequiredService<HostDatabase>().CreateContext());
        services.AddKeyRing(options);
        services.AddIdentity();
        services.AddMonitoring();
        services.AddChecklist();
        services.AddApiDocument();
        request.Configure?.Invoke(services);

        var app = builder.Build();
        app.UseDefaults(options);
        app.UseWhen(context => !context.Request.IsApi(), pages => pages.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true));
        app.UseRouting();
        app.UseIdentity();
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        app.MapMonitoring();
        app.MapIdentity();
        app.MapChecklist();
        app.MapOpenApi("/openapi/{documentName}.json").RequireSignedIn();
        app.MapScalarApiReference(Reference, scalar => scalar.WithTitle("beep API").DisableDefaultFonts().DisableTelemetry()).RequireSignedIn();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        return app;
    }
}
