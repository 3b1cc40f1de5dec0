using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Environments;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Keys;
using Beep.Host.Hosting.Live;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Identity.Pages;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Runs;
using Beep.Host.Models;
using Beep.Host.Monitoring;
using Beep.Host.OpenAi;
using Beep.Host.Quotas;
using Beep.Host.Settings;
using Beep.Host.Setup;
using Beep.Host.Shell;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Serving;

/// <summary>The server of a host that is set up: every feature in one pipeline.</summary>
internal static class HostServer
{
    /// <summary>Built and not started; the database must be current.</summary>
    public static WebApplication Build(HostOptions options, AuditTrail trail, ServeRequest request)
    {
        var builder = WebDefaults.CreateBuilder(options, request);
        var services = builder.Services;
        services.AddAudit(trail);
        services.AddScoped(provider => provider.GetRequiredService<HostDatabase>().CreateContext());
        if (options.EnableFinetune)
        {
            services.AddSingleton(new FineTuneDatabase(trail.Database.Address));
            services.AddSingleton<FineTuneWriter>();
            services.AddQuotas();
            services.AddDatasets();
            services.AddJobs();
            services.AddOpenAi();
            services.AddRuns();
        }

        services.AddKeyRing(options);
        services.AddIdentity();
        services.AddIdentityPages();
        if (options.EnableIdentityServer)
        {
            services.AddExternalSignIn();
        }

        services.AddLive();
        services.AddTasks();
        services.AddTraining(request.Trainer);
        services.AddModels(AppContext.BaseDirectory);
        services.AddEnvironments(request.Variable, AppContext.BaseDirectory);
        services.AddSettings(request.Variable);
        services.AddMonitoring();
        services.AddChecklist();
        services.AddApiDocument();
        request.Configure?.Invoke(services);

        var app = builder.Build();
        app.UseDefaults(options);
        app.UseWhen(context => !context.Request.IsApi(), pages => pages.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true));
        app.UseRouting();
        app.UseAreas(options);
        app.UseIdentity();
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        app.MapIdentity();
        app.MapLive();
        app.MapTasks();
        app.MapModels();
        app.MapEnvironments();
        app.MapMonitoring();
        app.MapAudit();
        app.MapSettings();
        app.MapApiDocument();
        app.MapChecklist();
        if (options.EnableFinetune)
        {
            app.MapDatasetArea();
            app.MapQuotas();
            app.MapJobs();
            app.MapOpenAi();
            app.MapRuns();
        }

        // Our own policy says who may frame a page; the library would add a second one.
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null);
        return app;
    }
}
