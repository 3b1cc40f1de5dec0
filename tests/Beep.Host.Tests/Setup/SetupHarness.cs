using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Cli.Serving;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Probing;
using Beep.Host.Setup.Unlocking;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Beep.Host.Tests.Setup;

/// <summary>The server of a home that is not set up, on a port of its own, with the token that it printed.</summary>
internal sealed class SetupHarness : IAsyncDisposable
{
    public const string Password = "three plain brown teapots";

    /// <summary>How long a database or a provider that is tried may take: longer than any machine takes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    private readonly WebApplication _app;

    private SetupHarness(WebApplication app, string token)
    {
        (_app, Token) = (app, token);
        Client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, MaxConnectionsPerServer = 100 }) { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(5) };
    }

    public string Token { get; }

    public HttpClient Client { get; }

    public Uri Address => new(_app.Urls.First());

    public IServiceProvider Services => _app.Services;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<SetupHarness> StartAsync(
        HostPaths paths, Dictionary<string, string>? environment = null, Action<IServiceCollection>? configure = null, TimeProvider? time = null, CompletionWatch? watch = null, TimeSpan? patience = null)
    {
        var variable = Variable(paths, environment);
        var options = HostConfiguration.Load(new HostSurroundings { Variable = variable }).Require() with { Port = 0 };
        var (token, text) = SetupToken.Issue(paths, time ?? TimeProvider.System);
        var app = SetupServer.Build(options, variable, token, new ServeRequest
        {
            Time = time ?? TimeProvider.System,
            LeastLevel = LogLevel.Critical,
            Configure = services =>
            {
                services.AddSingleton(new SetupProbes(time ?? TimeProvider.System, patience ?? Patience));
                if (watch is not null)
                {
                    services.AddSingleton(watch);
                }

                configure?.Invoke(services);
            },
        });
        await app.StartAsync(Cancellation);
        return new SetupHarness(app, text);
    }

    public static Func<string, string?> Variable(HostPaths paths, Dictionary<string, string>? environment = null) =>
        name => name == "BEEP_PYTHON_HOME" ? paths.Home : environment?.GetValueOrDefault(name);

    /// <summary>Everything that a setup asks, for this database.</summary>
    public static JsonObject Body(DatabaseAddress address, string username = "ada") => new()
    {
        ["database"] = Fields(address),
        ["admin"] = new JsonObject { ["username"] = username, ["password"] = Password },
    };

    public static JsonObject Fields(DatabaseAddress address) => address is PostgresAddress server
        ? new JsonObject { ["provider"] = "postgresql", ["host"] = server.Host, ["port"] = server.Port, ["database"] = server.Database, ["user"] = server.User, ["password"] = server.Password!.Value, ["encryption"] = "disable" }
        : new JsonObject { ["provider"] = "sqlite", ["file"] = "beep.db" };

    public Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Answer)> InitializeAsync(JsonNode body, string? token = null) => PostAsync("/setup/api/initialize", body, token ?? Token);

    public Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Answer)> ValidateAsync(JsonNode body, string? token = null) => PostAsync("/setup/api/validate-db", body, token ?? Token);

    public async Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Answer)> PostAsync(string path, JsonNode body, string? token, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        foreach (var (name, value) in token is null ? headers : [.. headers, (SetupLock.Header, token)])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var answer = await Client.SendAsync(request, Cancellation);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        return (answer.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null, answer);
    }

    /// <summary>The database that the home's settings name now.</summary>
    public static HostDatabase Open(HostPaths paths, Dictionary<string, string>? environment = null) =>
        new(HostConfiguration.Load(new HostSurroundings { Variable = Variable(paths, environment) }).RequireDatabase());

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
