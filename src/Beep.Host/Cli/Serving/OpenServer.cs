using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Databases;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Drafts;

namespace Beep.Host.Cli.Serving;

/// <summary>The server of a host that is set up, listening.</summary>
internal sealed class OpenServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IDisposable _mark;
    private readonly Lazy<Task> _stopped;

    private OpenServer(WebApplication app, IDisposable mark, HostOptions options) =>
        (_app, _mark, Options, _stopped) = (app, mark, options, new Lazy<Task>(() => app.StopAsync(CancellationToken.None)));

    public HostOptions Options { get; }

    /// <summary>Where browsers find it.</summary>
    public Uri Address => Options.PublicUrl ?? Listening.AddressOf(Options);

    public IServiceProvider Services => _app.Services;

    /// <summary>Brings the database up to date and listens.</summary>
    /// <exception cref="FaultException">It cannot; what is wrong, with its remedy.</exception>
    public static async Task<OpenServer> OpenAsync(HostServices services, HostOptions options, ServeRequest request, CancellationToken cancellationToken)
    {
        RequireSecret(options);
        SetupLeftovers.Remove(options.Paths, new DraftStore(options.Paths, services.Time));
        var trail = new AuditTrail(options.Database!, options, services.Time);
        await DatabaseActions.MigrateAsync(services, options, trail, cancellationToken).ConfigureAwait(false);
        var app = HostServer.Build(options, trail, request);
        try
        {
            await app.Services.GetRequiredService<IdentitySeeder>().SeedAsync(cancellationToken).ConfigureAwait(false);
            await Listening.StartAsync(app, options, cancellationToken).ConfigureAwait(false);
            return new OpenServer(app, ServerMark.Leave(options.Paths, Listening.AddressOf(options)), options);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Serves until it is told to stop or to start again, and then stops in order: tasks save what they can go on from. Returns
    /// whether it is to start again.
    /// </summary>
    public async Task<bool> ServeAsync(CancellationToken cancellationToken)
    {
        var restart = Services.GetRequiredService<ServerRestart>().Wanted;
        await Task.WhenAny(restart, Task.Delay(Timeout.Infinite, cancellationToken)).ConfigureAwait(false);
        await _stopped.Value.ConfigureAwait(false);
        return restart.IsCompleted && !cancellationToken.IsCancellationRequested;
    }

    /// <summary>Stops in order also where something failed meanwhile, such as a terminal that was closed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopped.Value.ConfigureAwait(false);
        _mark.Dispose();
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static void RequireSecret(HostOptions options)
    {
        if (options.SecretKey is null)
        {
            var name = SettingKeys.SecretKey.Name;
            throw FaultException.Invalid("missing_secret_key", $"This host is set up, and {name} is not set.", $"Restore '{options.Paths.Configuration}' from the backup, or set {name} to what it was; a new one signs everybody out: openssl rand -base64 48", name);
        }
    }
}
