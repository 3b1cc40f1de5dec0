using Beep.Host.Hosting.Settings;
using Beep.Host.Monitoring;
using Beep.Host.Setup;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Http;
using Beep.Host.Setup.Unlocking;

namespace Beep.Host.Cli.Serving;

/// <summary>The server of a host that is not set up: the wizard, and nothing else. It ends when the host is set up, and with it every address of the wizard.</summary>
internal static class SetupServer
{
    /// <summary>Built and not started.</summary>
    public static WebApplication Build(HostOptions options, Func<string, string?> variable, SetupToken token, ServeRequest request)
    {
        var sheltered = SetupFeature.Shelter(options, variable);
        var builder = WebDefaults.CreateBuilder(sheltered, request);
        builder.Services.AddSetup(new SetupSurroundings(options, variable), token);
        request.Configure?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseDefaults(sheltered);
        app.UseRouting();
        app.UseSetupGate();
        app.MapStaticAssets().AllowAnonymous();
        app.MapLiveness();
        app.MapSetup();
        app.Services.GetRequiredService<SetupJournal>().Add(SetupActions.Started, ipAddress: null);
        return app;
    }

    /// <summary>Ends when the host is set up.</summary>
    public static Task Completed(WebApplication app) => app.Services.GetRequiredService<SetupCompletion>().Completed;
}
