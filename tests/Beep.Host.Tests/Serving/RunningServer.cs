using Beep.Host.Audit;
using Beep.Host.Cli.Serving;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Beep.Host.Tests.Serving;

/// <summary>The whole server as it is served, in this process, on a port of the loopback and a database of its own.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly WebApplication _app;

    private RunningServer(TestDatabase database, WebApplication app) => (_database, _app) = (database, app);

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    public IServiceProvider Services => _app.Services;

    public IEnumerable<Microsoft.AspNetCore.Http.Endpoint> Endpoints => ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints);

    /// <param name="kind">Of the database.</param>
    /// <param name="server">Where the database is PostgreSQL.</param>
    /// <param name="change">Of the settings.</param>
    /// <param name="configure">More services.</param>
    public static async Task<RunningServer> StartAsync(string kind, PostgresServer server, Func<HostOptions, HostOptions>? change = null, Action<IServiceCollection>? configure = null)
    {
        var database = await TestDatabase.CreateMigratedAsync(kind, server);
        var options = new HostOptions
        {
            Paths = database.Paths,
            Database = database.Address,
            Host = "127.0.0.1",
            Port = 0,
            EnableInternalUsers = true,
            IdentityServer = new IdentityServerOptions(),
            SecretKey = new SecretText($"{Guid.NewGuid():N}{Guid.NewGuid():N}"),
        };
        options = change?.Invoke(options) ?? options;
        var app = HostServer.Build(options, new AuditTrail(database.Address, options, TimeProvider.System), new ServeRequest
        {
            Configure = services =>
            {
                services.AddLogging(logging => logging.ClearProviders());
                configure?.Invoke(services);
            },
        });
        await app.Services.GetRequiredService<IdentitySeeder>().SeedAsync(TestContext.Current.CancellationToken);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RunningServer(database, app);
    }

    public HttpClient CreateClient(bool followsRedirects = false) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = followsRedirects, UseCookies = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _database.Dispose();
    }
}
