using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Beep.Tests;

namespace Beep.Host.Tests.Identity.External;

/// <summary>oidc-provider, which the OpenID Foundation has certified, as its own process on the loopback; it ends with its input.</summary>
internal sealed class CertifiedProvider : IAsyncDisposable
{
    public const string Missing = "oidc-provider is not installed: npm ci in tests/clients, as ./test does where npm is.";

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private CertifiedProvider(Process process, string issuer)
    {
        (_process, Issuer) = (process, issuer);
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    public string Issuer { get; }

    private static string Folder => RepositoryFiles.At("tests", "clients");

    private static string? Node => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "node")).FirstOrDefault(File.Exists);

    /// <summary>Starts it for a server that will be at an address; skips the test where it is not installed.</summary>
    public static async Task<CertifiedProvider> StartAsync(string server)
    {
        Assert.SkipUnless(Node is not null && Directory.Exists(Path.Combine(Folder, "node_modules", "oidc-provider")), Missing);
        var port = FreePort();
        var process = Process.Start(new ProcessStartInfo(Node!, [Path.Combine(Folder, "identity-provider.mjs"), port.ToString(CultureInfo.InvariantCulture), server])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        })!;
        var provider = new CertifiedProvider(process, $"http://localhost:{port}");
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken) is { } line)
        {
            if (line == "ready")
            {
                return provider;
            }
        }

        throw new InvalidOperationException($"The provider did not start: {provider._errors}");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Changes what it says of its users: JSON of names and claims.</summary>
    public async Task SetAsync(string accounts)
    {
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(Issuer + "/test/accounts"), new StringContent(accounts), TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
