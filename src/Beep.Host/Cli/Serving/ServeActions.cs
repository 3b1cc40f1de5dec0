using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Setup.Completion;
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

        var server = await OpenServer.OpenAsync(services, options, request, cancellationToken).ConfigureAwait(false);
        await using var _ = server.ConfigureAwait(false);
        services.Terminal.Out.WriteLine($"Listening at {server.Address}  (Ctrl+C stops)");
        return await server.ServeAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Serves the wizard; returns whether the host was set up before it was told to stop.</summary>
    private static async Task<bool> SetUpAsync(HostServices services, HostOptions options, ServeRequest request, CancellationToken cancellationToken)
    {
        var (token, text) = SetupToken.Issue(options.Paths, services.Time);
        var app = SetupServer.Build(options, services.Variable, token, request);
        await using var _ = app.ConfigureAwait(false);
        await Listening.StartAsync(app, app.Services.GetRequiredService<HostOptions>(), cancellationToken).ConfigureAwait(false);
        var output = services.Terminal.Out;
        output.WriteLine("This host is not set up yet. Open this address in a browser; what follows # is secret, and good for 24 hours:");
        output.WriteLine($"  {Listening.AddressOf(app.Services.GetRequiredService<HostOptions>())}setup#{text}");
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

    /// <exception cref="FaultException">Something is wrong with the settings; every fault.</exception>
    public static HostOptions Load(HostServices services) => HostConfiguration.Load(new HostSurroundings { Variable = services.Variable }).Require();
}
