using System.Net;
using System.Net.Sockets;
using Beep.Contracts;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Cli.Serving;

/// <summary>Where a server listens.</summary>
internal static class Listening
{
    /// <summary>Where a browser on this machine finds the server.</summary>
    public static Uri AddressOf(HostOptions options)
    {
        var host = options.Host switch
        {
            "0.0.0.0" or "::" => "localhost",
            var name when name.Contains(':', StringComparison.Ordinal) => $"[{name}]",
            var name => name,
        };
        return new Uri($"http://{host}:{options.Port}/");
    }

    /// <summary>Whether no other program listens there now.</summary>
    public static bool IsFree(HostOptions options) => options.Host == "localhost"
        ? IsFree(IPAddress.Loopback, options.Port) && IsFree(IPAddress.IPv6Loopback, options.Port)
        : !IPAddress.TryParse(options.Host, out var address) || IsFree(address, options.Port);

    /// <exception cref="FaultException">It cannot listen there.</exception>
    public static async Task StartAsync(WebApplication app, HostOptions options, CancellationToken cancellationToken)
    {
        // Asked first: the tasks of a server begin a moment before it listens.
        if (!IsFree(options))
        {
            throw Taken(options);
        }

        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw Taken(options);
        }
        catch (SocketException error)
        {
            throw FaultException.Invalid("cannot_listen", $"{options.Host}:{options.Port} cannot be listened at: {error.Message}", $"Set {SettingKeys.Host.Name} and {SettingKeys.Port.Name} to an address of this machine and a port that you may use.", SettingKeys.Host.Name);
        }
    }

    private static FaultException Taken(HostOptions options) =>
        FaultException.Invalid("port_in_use", $"Another program listens at {options.Host}:{options.Port}.", $"Stop it, or set {SettingKeys.Port.Name} to another port.", SettingKeys.Port.Name);

    private static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException error)
        {
            // Whatever else is wrong is said by the server.
            return error.SocketErrorCode != SocketError.AddressAlreadyInUse;
        }
    }
}
