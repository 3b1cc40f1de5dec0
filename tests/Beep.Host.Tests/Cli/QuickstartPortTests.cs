using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Beep.Contracts;
using Beep.Host.Cli.Quickstarting;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Tests;

namespace Beep.Host.Tests.Cli;

public sealed class QuickstartPortTests : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly TcpListener _taken = new(IPAddress.Loopback, 0);

    public QuickstartPortTests() => _taken.Start();

    private int Taken => ((IPEndPoint)_taken.LocalEndpoint).Port;

    [Fact]
    public void Choose_DefaultPortThatIsTaken_TakesAFreeOneAfterIt() =>
        Assert.InRange(QuickstartPort.Choose(Options(), null, _ => null).Port, Taken + 1, Taken + 20);

    [Fact]
    public void Choose_PortThatIsSet_IsKeptForTheServerToSayThatItIsTaken()
    {
        Assert.Equal(Taken, QuickstartPort.Choose(Options(), null, name => name == "PORT" ? Taken.ToString(CultureInfo.InvariantCulture) : null).Port);
        Assert.Equal(Taken, QuickstartPort.Choose(Options() with { PublicUrl = new Uri("https://beep.example") }, null, _ => null).Port);
        Assert.Equal(Taken, QuickstartPort.Choose(Options() with { Port = 1 }, Taken, _ => null).Port);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    public void Choose_NumberThatIsNoPort_IsRefused(int port)
    {
        var error = Assert.Throws<FaultException>(() => QuickstartPort.Choose(Options(), port, _ => null));
        Assert.Equal($"--port: --port is {port}. Name a number from 1 to 65535. [bad_port]", error.Message);
    }

    public void Dispose()
    {
        _taken.Dispose();
        _home.Dispose();
    }

    private HostOptions Options() => new() { Paths = new HostPaths(_home.Path), Host = "127.0.0.1", Port = Taken, IdentityServer = new IdentityServerOptions() };
}
