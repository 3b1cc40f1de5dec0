using System.Text.Json;
using System.Text.Json.Serialization;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Shell;
using Microsoft.AspNetCore.HttpOverrides;
using MudBlazor.Services;

namespace Beep.Host.Cli.Serving;

/// <summary>What the server has in common with the wizard that goes before it: addresses, logs, headers, faults, pages.</summary>
internal static class WebDefaults
{
    private const int HubMessageBytes = 32 * 1024;
    private const int CircuitMessageBytes = 32 * 1024;

    public static WebApplicationBuilder CreateBuilder(HostOptions options, ServeRequest request)
    {
        // The program's own folder, wherever it was called from: no file of the working directory is a setting.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"), ApplicationName = "beep", EnvironmentName = "Production" });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.WebHost.UseUrls(Address(options));
        builder.WebHost.UseStaticWebAssets();
        builder.Logging.ClearProviders().AddServerLog(request);
        builder.Services.AddSingleton(options).AddSingleton(options.Paths).AddSingleton(request.Time);
        builder.Services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        // Thrown, so that the answer says what cannot be read and where.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.AddRazorComponents().AddInteractiveServerComponents(circuits => circuits.DisconnectedCircuitMaxRetained = 20)
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = CircuitMessageBytes);
        builder.Services.AddSignalR(hub => hub.MaximumReceiveMessageSize = HubMessageBytes).AddJsonProtocol(json => Configure(json.PayloadSerializerOptions));
        builder.Services.AddMudServices();
        builder.Services.AddShell();
        return builder;
    }

    /// <summary>The part of the pipeline that comes before it is known who calls.</summary>
    public static void UseDefaults(this WebApplication app, HostOptions options)
    {
        if (options.PublicUrl is not null)
        {
            // A proxy on this machine; what others say about where a request came from is not believed.
            app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto });
        }

        app.UseCorrelation();
        app.UseBrowserHeaders();
        app.UseMiddleware<AddressGuard>();
        app.UseMiddleware<FaultMiddleware>();
    }

    /// <summary>Snake case, enumerations by name, nothing that is not set.</summary>
    private static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DictionaryKeyPolicy = null;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.AllowDuplicateProperties = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
    }

    private static string Address(HostOptions options) => options.Host.Contains(':', StringComparison.Ordinal)
        ? $"http://[{options.Host}]:{options.Port}"
        : $"http://{options.Host}:{options.Port}";
}
