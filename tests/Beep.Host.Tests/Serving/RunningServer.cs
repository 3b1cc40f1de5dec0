using System.Security.Claims;
using Beep.Host.Audit;
using Beep.Host.Cli.Serving;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Identity.Tokens;
using Beep.Host.Identity.Users;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Beep.Host.Tests.Serving;

/// <summary>The whole server as it is served, in this process, on a port of the loopback and a database of its own.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string Password = "a quiet harbour at dawn";

    /// <summary>What comes at all has come by then, on a machine that is busy with something else.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>No lease of it runs out, and no worker is ended before it has saved, because the machine stands still for a while.</summary>
    public static readonly TaskOptions Tasks = new() { Lease = TimeSpan.FromHours(1), StopGrace = TimeSpan.FromSeconds(50), ShutdownGrace = TimeSpan.FromSeconds(30) };

    private readonly TestDatabase? _database;
    private readonly WebApplication _app;
    private readonly HostOptions _options;
    private readonly Func<HostOptions, WebApplication> _build;

    private RunningServer(TestDatabase? database, HostOptions options, Func<HostOptions, WebApplication> build) => (_database, _options, _build, _app) = (database, options, build, build(options));

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    public IServiceProvider Services => _app.Services;

    public IEnumerable<Microsoft.AspNetCore.Http.Endpoint> Endpoints => ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints);

    /// <param name="kind">Of the database.</param>
    /// <param name="server">Where the database is PostgreSQL.</param>
    /// <param name="change">Of the settings.</param>
    /// <param name="configure">More services.</param>
    /// <param name="variable">The environment, where it matters.</param>
    public static async Task<RunningServer> StartAsync(
        string kind, PostgresServer server, Func<HostOptions, HostOptions>? change = null, Action<IServiceCollection>? configure = null, Func<string, string?>? variable = null)
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
        var running = new RunningServer(database, options, settings => HostServer.Build(settings, new AuditTrail(database.Address, settings, TimeProvider.System), new ServeRequest
        {
            Variable = name => variable?.Invoke(name) ?? database.Variable(name),
            Configure = services =>
            {
                services.AddLogging(logging => logging.ClearProviders());
                services.AddSingleton(Tasks);
                services.Configure<KestrelServerOptions>(kestrel => (kestrel.Limits.MinRequestBodyDataRate, kestrel.Limits.MinResponseDataRate) = (null, null));
                services.Configure<HubOptions>(hub => (hub.HandshakeTimeout, hub.ClientTimeoutInterval) = (Patience, Patience));
                configure?.Invoke(services);
            },
        }));
        await running.Services.GetRequiredService<IdentitySeeder>().SeedAsync(TestContext.Current.CancellationToken);
        await running._app.StartAsync(TestContext.Current.CancellationToken);
        return running;
    }

    /// <summary>A second host on the same database and home, on a port of its own; with other settings, as after a restart.</summary>
    public async Task<RunningServer> StartTwinAsync(Func<HostOptions, HostOptions>? change = null)
    {
        var twin = new RunningServer(null, (change?.Invoke(_options) ?? _options) with { Port = 0 }, _build);
        await twin._app.StartAsync(TestContext.Current.CancellationToken);
        return twin;
    }

    public HttpClient CreateClient(bool followsRedirects = false) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = followsRedirects, UseCookies = false }) { BaseAddress = Address, Timeout = Patience };

    /// <summary>A new Admin with <see cref="Password"/>; returns the id and the username.</summary>
    public async Task<(long Id, string Name)> CreateAdminAsync(bool mustChangePassword = false)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var context = Services.GetRequiredService<HostDatabase>().CreateContext();
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var draft = new AdminDraft($"admin-{Guid.NewGuid():N}"[..20], Password) { MustChangePassword = mustChangePassword };
        var admin = await Services.GetRequiredService<AdminBootstrap>().CreateAdminAsync(context, draft, AuditActors.CommandLine, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (admin.Id, draft.UserName);
    }

    /// <summary>A client that acts for a new Admin by a token with these permissions; all of them where none is named.</summary>
    public async Task<HttpClient> CreateAdminClientAsync(params string[] scopes)
    {
        var (id, _) = await CreateAdminAsync();
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimNames.UserId, $"{id}"), .. Permissions.All.Keys.Select(permission => new Claim(ClaimNames.Permission, permission))]));
        var (_, text) = await Services.GetRequiredService<TokenService>().CreateAsync(Grantor.Of(principal, null), "tests", scopes.Length > 0 ? scopes : [.. Permissions.All.Keys], 1, TestContext.Current.CancellationToken);
        var client = CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", text);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _database?.Dispose();
    }
}
