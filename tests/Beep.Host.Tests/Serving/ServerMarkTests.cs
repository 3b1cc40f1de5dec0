using System.Net;
using System.Net.Sockets;
using Beep.Host.Cli.Serving;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Serving;

public sealed class ServerMarkTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Find_ServerThatAnswers_IsFoundUntilItTakesItsMarkAway()
    {
        using var home = new TemporaryFolder();
        var paths = new HostPaths(home.Path);
        Assert.Null(await ServerMark.FindAsync(paths, Token));
        await using (var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres))
        {
            using (ServerMark.Leave(paths, server.Address))
            {
                Assert.Equal(server.Address, await ServerMark.FindAsync(paths, Token));
            }

            Assert.False(File.Exists(paths.ServerMark));
        }

        // One that does not answer any more: its process goes on for something else. The port is held, so that nobody else answers.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        ServerMark.Leave(paths, new Uri($"http://{silent.LocalEndPoint}/"));
        Assert.Null(await ServerMark.FindAsync(paths, Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"Address\":\"http://127.0.0.1:1/\",\"Process\":\"another-machine/1/1\"}")]
    public async Task Find_MarkOfNoProcessHere_IsNone(string mark)
    {
        using var home = new TemporaryFolder();
        home.Write("server.json", mark);
        Assert.Null(await ServerMark.FindAsync(new HostPaths(home.Path), Token));
    }
}
