using System.Net.Sockets;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Databases;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Setup.Completion;
using Beep.Host.Setup.Drafts;
using Beep.Host.Setup.Records;
using Beep.Host.Setup.Unlocking;

namespace Beep.Host.Cli.Serving;

/// <summary>What <c>beep serve</c> does: checks, lets itself be set up where that is to be done, migrates, listens, and stops in order.</summary>
internal static class ServeActions
{
    // The page of the wizard hears that it is done before its server goes.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(HostServices services, ServeRequest request, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new StopSignals(stop.Cancel, () => Environment.Exit((int)WorkerExitCode.Failed));
        while (await RunOnceAsync(services, request, stop.Token).ConfigureAwait(false))
        {
            services.Terminal.Out.WriteLine("Starting again with the settings as they are now.");
        }

        return (int)WorkerExitCode.Succeeded;
    }

    /// <summary>Serves until it is told to stop or to start again; returns whether it is to start again.</summary>
    private static async Task<bool> RunOnceAsync(HostServices services, ServeRequest request, CancellationToken cancellationToken)
    {
        var options = Load(services);
        if (!await SetupState.IsCompleteAsync(new HostDatabase(options.Database!), cancellationToken).ConfigureAwait(false))
        {
            if (!await SetUpAsync(services, options, request, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            options = Load(services);
        }

        RequireSecret(options);
        SetupLeftovers.Remove(options.Paths, new DraftStore(options.Paths, services.Time));
        var trail = new AuditTrail(options.Database!, options, services.Time);
        await DatabaseActions.MigrateAsync(services, trail, cancellationToken).ConfigureAwait(false);
        var app = HostServer.Build(options, trail, request);
        await using var _ = app.ConfigureAwait(false);
        await app.Services.GetRequiredService<IdentitySeeder>().SeedAsync(cancellationToken).ConfigureAwait(false);
        await ListenAsync(app, options, cancellationToken).ConfigureAwait(false);
        services.Terminal.Out.WriteLine($"Listening at {options.PublicUrl ?? AddressOf(options)}  (Ctrl+C stops)");
        var restart = app.Services.GetRequiredService<ServerRestart>().Wanted;
        await WaitAsync(app, restart, cancellationToken).ConfigureAwait(false);
        return restart.IsCompleted && !cancellationToken.IsCancellationRequested;
    }

    /// <summary>Serves the wizard; returns whether the host was set up before it was told to stop.</summary>
    private static async Task<bool> SetUpAsync(HostServices services, HostOptions options, ServeRequest request, CancellationToken cancellationToken)
    {
        var (token, text) = SetupToken.Issue(options.Paths, services.Time);
        var app = SetupServer.Build(options, services.Variable, token, request);
        await using var _ = app.ConfigureAwait(false);
        await ListenAsync(app, app.Services.GetRequiredService<HostOptions>(), cancellationToken).ConfigureAwait(false);
        var output = services.Terminal.Out;
        output.WriteLine("This host is not set up yet. Open this address in a browser; what follows # is secret, and good for 24 hours:");
        output.WriteLine($"  {AddressOf(app.Services.GetRequiredService<HostOptions>())}setup#{text}");
        output.WriteLine($"The token alone lies in '{options.Paths.SetupToken}'.  (Ctrl+C stops)");
        var isSetUp = await WaitForSetupAsync(services, SetupServer.Completed(app), cancellationToken).ConfigureAwait(false);
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        if (isSetUp)
        {
            output.WriteLine(services.Terminal.Good("The host is set up."));
        }

        return isSetUp;
    }

    /// <summary>Until the wizard is done, or the command line has done it meanwhile, or this is to stop.</summary>
    private static async Task<bool> WaitForSetupAsync(HostServices services, Task completed, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAny(completed, Task.Delay(Glance, cancellationToken)).ConfigureAwait(false);
            if (completed.IsCompleted)
            {
                await Task.Delay(Farewell, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return true;
            }

            try
            {
                if (await HeadlessSetup.IsSetUpAsync(services.Variable, cancellationToken).ConfigureAwait(false))
                {
                    return true;
                }
            }
            catch (FaultException)
            {
                // Half written settings, or a database that is away for a moment: the wizard goes on.
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return completed.IsCompleted;
    }

    private static HostOptions Load(HostServices services) => HostConfiguration.Load(new HostSurroundings { Variable = services.Variable }).Require();

    private static void RequireSecret(HostOptions options)
    {
        if (options.SecretKey is null)
        {
            var name = SettingKeys.SecretKey.Name;
            throw FaultException.Invalid("missing_secret_key", $"This host is set up, and {name} is not set.", $"Restore '{options.Paths.Configuration}' from the backup, or set {name} to what it was; a new one signs everybody out: openssl rand -base64 48", name);
        }
    }

    /// <summary>Where a browser on this machine finds the server.</summary>
    private static Uri AddressOf(HostOptions options)
    {
        var host = options.Host switch
        {
            "0.0.0.0" or "::" => "localhost",
            var name when name.Contains(':', StringComparison.Ordinal) => $"[{name}]",
            var name => name,
        };
        return new Uri($"http://{host}:{options.Port}/");
    }

    private static async Task ListenAsync(WebApplication app, HostOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw FaultException.Invalid("port_in_use", $"Another program listens at {options.Host}:{options.Port}.", $"Stop it, or set {SettingKeys.Port.Name} to another port.", SettingKeys.Port.Name);
        }
        catch (SocketException error)
        {
            throw FaultException.Invalid("cannot_listen", $"{options.Host}:{options.Port} cannot be listened at: {error.Message}", $"Set {SettingKeys.Host.Name} and {SettingKeys.Port.Name} to an address of this machine and a port that you may use.", SettingKeys.Host.Name);
        }
    }

    private static async Task WaitAsync(WebApplication app, Task restart, CancellationToken cancellationToken)
    {
        await Task.WhenAny(restart, Task.Delay(Timeout.Infinite, cancellationToken)).ConfigureAwait(false);
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
    }
}
