using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting.Processes;
using Beep.Tests;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>`beep serve` as its own process, in a home of its own, on a port of the loopback.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // To the end of the tests: a server that is started again has the port of the one before.
    private static readonly ConcurrentBag<HeldPort> Ports = [];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private ServerProcess(Process process, Uri address)
    {
        (_process, Address) = (process, address);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    public int Id => _process.Id;

    /// <summary>All that it has printed.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts it and waits until it answers.</summary>
    public static async Task<ServerProcess> StartAsync(string home, IReadOnlyDictionary<string, string>? environment = null, int? port = null, params string[] arguments)
    {
        var chosen = port ?? HoldPort();
        var start = new ProcessStartInfo(DotnetRuntime.Executable, [BeepProgram.HostLibrary, .. arguments.Length > 0 ? arguments : ["serve"]])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["BEEP_PYTHON_HOME"] = home;
        start.Environment["PORT"] = chosen.ToString(CultureInfo.InvariantCulture);
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(Process.Start(start)!, new Uri($"http://localhost:{chosen}/"));
        server._process.StandardInput.Close();
        await server.WaitAsync("health/live");
        return server;
    }

    /// <summary>Waits until an address answers with 200.</summary>
    public async Task WaitAsync(string path)
    {
        using var client = new HttpClient { BaseAddress = Address };
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            Assert.False(_process.HasExited, $"The server ended:\n{Output}");
            Assert.True(waited.Elapsed < Patience, $"The server does not answer at {path}:\n{Output}");
            try
            {
                if ((await client.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }
        }
    }

    /// <summary>Ends it at once, as a power cut would.</summary>
    public async Task KillAsync()
    {
        BeepProgram.Signal(_process.Id, BeepProgram.Kill);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Ends it as a service manager would; returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            BeepProgram.Signal(_process.Id, BeepProgram.Interrupt);
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    /// <summary>A port that nobody else gets.</summary>
    public static int HoldPort()
    {
        var port = new HeldPort();
        Ports.Add(port);
        return port.Number;
    }

    /// <summary>Waits until it has printed something, which it may do after it answers; returns it.</summary>
    public async Task<string> PrintedAsync(Regex what)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            if (what.Match(Output) is { Success: true } match)
            {
                return match.Value;
            }

            Assert.True(!_process.HasExited && waited.Elapsed < Patience, $"The server does not print {what}:\n{Output}");
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
