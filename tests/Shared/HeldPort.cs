using System.Net;
using System.Net.Sockets;

namespace Beep.Tests;

/// <summary>
/// A free port of the loopback for a server that must know it ahead. As long as this holds it the system gives it to nobody who asks for any
/// port, and whoever names it may still listen there: a socket that is bound and does not listen is in the way of the former alone.
/// </summary>
internal sealed class HeldPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public HeldPort()
    {
        // Windows lets nobody else bind what is bound.
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Number = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        if (OperatingSystem.IsWindows())
        {
            _socket.Dispose();
        }
    }

    public int Number { get; }

    public void Dispose() => _socket.Dispose();
}
