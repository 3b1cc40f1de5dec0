using System.Net.Sockets;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Databases;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Serving;

/// <summary>What <c>beep serve</c> does: checks, migrates, listens, and stops in order.</summary>
internal static class ServeActions
{
    public static async Task<int> RunAsync(HostServices services, ServeRequest request, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new StopSignals(stop.Cancel, () => Environment.Exit((int)WorkerExitCode.Failed));
        var options = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable }).Require();
        var trail = new AuditTrail(options.Database!, options, services.Time);
        await DatabaseActions.MigrateAsync(services, trail, stop.Token).ConfigureAwait(false);
        var app = HostServer.Build(options, trail, request);
        await using var _ = app.ConfigureAwait(false);
        await ListenAsync(app, options, stop.Token).ConfigureAwait(false);
        services.Terminal.Out.WriteLine($"Listening at {options.PublicUrl ?? new Uri($"http://{options.Host}:{options.Port}")}  (Ctrl+C stops)");
        await WaitAsync(app, stop.Token).ConfigureAwait(false);
        return (int)WorkerExitCode.Succeeded;
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

    private static async Task WaitAsync(WebApplication app, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
    }
}
