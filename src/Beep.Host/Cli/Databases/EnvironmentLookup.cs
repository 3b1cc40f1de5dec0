using Beep.Host.Data;
using Beep.Host.Environments;
using Beep.Host.Hosting.Settings;
using Beep.Host.Setup.Records;

namespace Beep.Host.Cli.Databases;

/// <summary>The Python environments of this host, for a command that runs beside a server or without one.</summary>
internal static class EnvironmentLookup
{
    /// <summary>All of them, whatever their state; none where the host is not set up.</summary>
    public static async Task<IReadOnlyList<PythonEnvironment>> ListAsync(HostServices services, CancellationToken cancellationToken)
    {
        var configuration = HostConfiguration.Load(new HostSurroundings { Variable = services.Variable });
        var database = new HostDatabase(configuration.RequireDatabase());
        return await SetupState.IsCompleteAsync(database, cancellationToken).ConfigureAwait(false)
            ? await new EnvironmentDirectory(database, configuration.Options.Paths).ListAsync(cancellationToken).ConfigureAwait(false)
            : [];
    }
}
