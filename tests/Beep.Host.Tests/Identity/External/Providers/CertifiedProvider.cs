using System.Diagnostics;
using System.Globalization;
using System.Text;
using Beep.Tests;

namespace Beep.Host.Tests.Identity.External.Providers;

/// <summary>oidc-provider, which the OpenID Foundation has certified, as its own process on the loopback; it ends with its input.</summary>
internal sealed class CertifiedProvider : IRightProvider
{
    public const string Missing = "oidc-provider is not installed: npm ci in tests/clients, as ./test does where npm is.";

    private readonly ProviderWish _wish;
    private readonly HeldPort? _held;
    private readonly int _port;
    private readonly StringBuilder _errors = new();
    private Process? _process;

    private CertifiedProvider(ProviderWish wish)
    {
        _wish = wish;
        _held = wish.Port == 0 ? new HeldPort() : null;
        _port = _held?.Number ?? wish.Port;
    }

    public static bool IsInstalled => Node is not null && Directory.Exists(Path.Combine(Folder, "node_modules", "oidc-provider"));

    public string Issuer => $"http://localhost:{_port}";

    private static string Folder => RepositoryFiles.At("tests", "clients");

    private static string? Node => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "node")).FirstOrDefault(File.Exists);

    /// <summary>Starts it for a server that will be at an address; skips the test where it is not installed.</summary>
    public static async Task<CertifiedProvider> StartAsync(ProviderWish wish)
    {
        Assert.SkipUnless(IsInstalled, Missing);
        var provider = new CertifiedProvider(wish);
        await provider.StartAsync();
        return provider;
    }

    /// <summary>Starts it, also after it has been stopped: with keys that it makes each time, and nobody signed in.</summary>
    public async Task StartAsync()
    {
        var process = _process = Process.Start(new ProcessStartInfo(
            Node!, [Path.Combine(Folder, "identity-provider.mjs"), _port.ToString(CultureInfo.InvariantCulture), _wish.Server, _wish.TakesPostAlone ? "client_secret_post" : "client_secret_basic"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        })!;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken) is { } line)
        {
            if (line == "ready")
            {
                return;
            }
        }

        throw new InvalidOperationException($"The provider did not start: {_errors}");
    }

    public async Task StopAsync()
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    public async Task SetAsync(string accounts)
    {
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(Issuer + "/test/accounts"), new StringContent(accounts), TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    public async Task RotateAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public void Expect(string name)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _held?.Dispose();
    }
}
