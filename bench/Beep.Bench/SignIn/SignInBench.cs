using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Beep.Bench.Serving;
using Beep.Host.Audit;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.Users;
using Beep.Host.Setup.Completion;
using Beep.Host.Tests.Identity.External.Providers;

namespace Beep.Bench.SignIn;

/// <summary>
/// Sign-ins with a provider against the figure that they are held to: from the challenge over the provider's page, the callback, the tokens
/// and userinfo to the session's cookie. The provider is OpenIddict in this process, which with the browsers takes its part of the server's
/// processors; what the server itself took is printed. Then a flood of tokens whose key nobody knows. Linux only.
/// </summary>
internal static class SignInBench
{
    private const int PerSecond = 100;
    private const int People = 500;
    private const int Floods = 300;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(30);

    /// <summary>Measures and prints; 1 where a figure is not met.</summary>
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // artifacts/bin/Beep.Bench/release/
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Beep.Host", "release", "beep.dll"));
        Print($"{Environment.ProcessorCount} processors, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}.");
        return await MeasureAsync(program, cancellationToken) & await FloodAsync(program, cancellationToken) ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(string program, CancellationToken cancellationToken)
    {
        var port = ServerProcess.FreePort();
        await using var provider = await OpenIddictProvider.StartAsync(new ProviderWish(Origin(port)));
        await provider.SetAsync(new JsonObject(Enumerable.Range(0, People).Select(number => KeyValuePair.Create(NameOf(number), (JsonNode?)new JsonObject
        {
            ["name"] = $"Person {number}", ["preferred_username"] = NameOf(number), ["email"] = $"{NameOf(number)}@example.org", ["roles"] = new JsonArray("staff"),
        }))).ToJsonString());
        var home = Directory.CreateTempSubdirectory("beep-bench-");
        try
        {
            await using var server = await StartAsync(program, home.FullName, port, provider.Issuer, cancellationToken);
            using var browsers = new BrowserCrowd(new Uri(Origin(port)), number => OpenIddictProvider.CookieOf(NameOf(number % People)));
            // Everybody comes for the first time, too.
            await browsers.RunAsync(PerSecond / 2, WarmUp, cancellationToken);
            var (before, own) = (server.ProcessorTime, Environment.CpuUsage.TotalTime);
            var clock = Stopwatch.StartNew();
            var took = await browsers.RunAsync(PerSecond, Load, cancellationToken);
            var (rate, busy) = (took.Count / clock.Elapsed.TotalSeconds, server.ProcessorTime - before);
            Print($"sign-ins                     {rate,10:F1} /s   p50 {took.At(0.5):F0} ms, p99 {took.At(0.99):F0} ms, worst {took.Max:F0} ms, {took.Failures} failed");
            Print($"processor time of one        {busy.TotalMilliseconds / took.Count,10:F2} ms of the server, {(Environment.CpuUsage.TotalTime - own).TotalMilliseconds / took.Count:F2} ms of provider and browsers");
            Print($"started late                 {browsers.Lateness.At(0.5),10:F1} ms p50, {browsers.Lateness.At(0.99):F1} ms p99");
            Print($"discovery, keys fetched      {provider.Calls.GetValueOrDefault("/.well-known/openid-configuration"),10} and {provider.Calls.GetValueOrDefault("/.well-known/jwks")} times for {provider.Calls.GetValueOrDefault("/connect/token")} codes");
            Print($"resident, after the load     {server.ResidentMegabytes,10:N0} MB");
            var most = await browsers.RunFlatOutAsync(Load / 2, cancellationToken);
            Print($"as fast as it goes           {most.Count / (Load / 2).TotalSeconds,10:F1} /s   p50 {most.At(0.5):F0} ms, p99 {most.At(0.99):F0} ms, {most.Failures} failed");
            return Judge("sign-ins that failed", took.Failures + most.Failures, 1, "") & Judge("behind the rate", PerSecond - rate, PerSecond * 0.03, "/s");
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private static async Task<bool> FloodAsync(string program, CancellationToken cancellationToken)
    {
        var port = ServerProcess.FreePort();
        await using var provider = await HostileProvider.StartAsync();
        provider.Header = header => header["kid"] = Guid.NewGuid().ToString("N");
        var home = Directory.CreateTempSubdirectory("beep-bench-");
        try
        {
            await using var server = await StartAsync(program, home.FullName, port, provider.Issuer, cancellationToken);
            using var browsers = new BrowserCrowd(new Uri(Origin(port)), _ => "") { IsRefused = true };
            var clock = Stopwatch.StartNew();
            var took = await browsers.RunAsync(PerSecond / 2, TimeSpan.FromSeconds(Floods / (PerSecond / 2.0)), cancellationToken);
            var intervals = 1 + (int)Math.Ceiling(clock.Elapsed / ProviderDirectory.Interval);
            var (documents, keys) = (provider.Calls["/.well-known/openid-configuration"], provider.Calls["/keys"]);
            Print($"\nunknown keys                 {took.Count,10} tokens in {clock.Elapsed.TotalSeconds:F0} s: discovery fetched {documents} times, keys {keys} times, {took.Failures} answered otherwise than refused");
            return Judge("fetches beyond one an interval", Math.Max(documents, keys) - intervals, 1, "") & took.Failures == 0;
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private static async Task<ServerProcess> StartAsync(string program, string home, int port, string issuer, CancellationToken cancellationToken)
    {
        string? Variable(string name) => name == SettingKeys.Home.Name ? home : null;
        await HeadlessSetup.TryCompleteAsync(Variable, new AdminDraft("admin", "seven quiet herons wade") { MustChangePassword = false }, AuditActors.CommandLine, TimeProvider.System, new Dictionary<SettingKey, string?>(), cancellationToken);
        return await ServerProcess.StartHostAsync(program, home, cancellationToken, new Dictionary<SettingKey, string>
        {
            [SettingKeys.IdentityServer] = "true",
            [SettingKeys.Authority] = issuer,
            [SettingKeys.ClientId] = TestClient.Id,
            [SettingKeys.ClientSecret] = TestClient.Secret,
            [SettingKeys.RoleMap] = "staff=User",
            [SettingKeys.PublicUrl] = Origin(port),
        }, port);
    }

    private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"person{number:D4}");

    private static string Origin(int port) => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");

    private static bool Judge(string name, double figure, double most, string unit)
    {
        Print($"{name,-28} {figure,10:F2} {unit,-5} {(figure < most ? "met" : "NOT MET")} (under {most:N1})");
        return figure < most;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
