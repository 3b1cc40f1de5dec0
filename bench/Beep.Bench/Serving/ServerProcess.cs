using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Beep.Host.Hosting.Settings;
using Beep.Host.Monitoring;

namespace Beep.Bench.Serving;

/// <summary>A server as its own process on the loopback, ended by its id when this goes.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ServerProcess(Process process, int port)
    {
        (_process, Address) = (process, new Uri($"http://127.0.0.1:{port}"));
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    /// <summary>From before the process was made to the first 200 of /health/ready.</summary>
    public TimeSpan StartedIn { get; private set; }

    /// <summary>What of a processor's time that took: hardly more on a busy machine than on one that is not.</summary>
    public TimeSpan StartedWith { get; private set; }

    /// <summary>What of the process is in memory now.</summary>
    public double ResidentMegabytes =>
        long.Parse(File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;

    /// <summary>How much of a processor's time it has had.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static Task<ServerProcess> StartHostAsync(string program, string home, CancellationToken cancellationToken, IReadOnlyDictionary<SettingKey, string>? settings = null, int? at = null) => StartAsync(
        port => (program, ["serve"], new((settings ?? new Dictionary<SettingKey, string>()).Select(pair => KeyValuePair.Create(pair.Key.Name, pair.Value)))
        {
            [SettingKeys.Home.Name] = home,
            [SettingKeys.Port.Name] = port.ToString(CultureInfo.InvariantCulture),
        }), cancellationToken, at);

    public static Task<ServerProcess> StartEmptyAsync(CancellationToken cancellationToken) => StartAsync(
        port => (typeof(EmptyApp).Assembly.Location, [EmptyApp.Command, port.ToString(CultureInfo.InvariantCulture)], []), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var ask = Process.Start("/bin/kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            using var grace = new CancellationTokenSource(Grace);
            await _process.WaitForExitAsync(grace.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private static async Task<ServerProcess> StartAsync(Func<int, (string Program, string[] Arguments, Dictionary<string, string> Settings)> describe, CancellationToken cancellationToken, int? at = null)
    {
        var port = at ?? FreePort();
        var (program, arguments, settings) = describe(port);
        var info = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var key in SettingKeys.All)
        {
            info.Environment.Remove(key.Name);
            info.Environment.Remove(key.Name + SettingKey.FileSuffix);
        }

        foreach (var (name, value) in settings)
        {
            info.Environment[name] = value;
        }

        using var client = new HttpClient();
        var started = Stopwatch.StartNew();
        var server = new ServerProcess(Process.Start(info)!, port);
        try
        {
            while (!await IsReadyAsync(client, new Uri(server.Address, HealthEndpoints.Ready), cancellationToken))
            {
                if (server._process.HasExited || started.Elapsed > Patience)
                {
                    throw new InvalidOperationException($"'{program}' did not become ready:\n{server._output}");
                }

                await Task.Delay(Glance, cancellationToken);
            }

            (server.StartedIn, server.StartedWith) = (started.Elapsed, server.ProcessorTime);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync(address, cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception error) when (error is HttpRequestException or SocketException)
        {
            return false;
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
