using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Hosting;
using Beep.Host.Setup;
using Beep.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Beep.Host.Tests.Setup;

/// <summary>Who gets at the wizard, and how: the threats of a host that nobody owns yet.</summary>
public sealed class SetupLockTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    private HostPaths Paths => new(_home.Path);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task StrangerClaimsInstanceFirst_WithoutTheToken_IsRefusedAndSlowed()
    {
        var time = new ManualTime();
        await using var setup = await SetupHarness.StartAsync(Paths, time: time);
        Assert.Matches("^[A-Za-z0-9_-]{43}$", setup.Token);
        Assert.Equal(setup.Token + "\n", await File.ReadAllTextAsync(Paths.SetupToken, Cancellation));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(PrivateFiles.FileMode, File.GetUnixFileMode(Paths.SetupToken));
        }

        Assert.Equal("setup_token_needed", (string?)(await setup.PostAsync("/setup/api/initialize", new JsonObject(), token: null)).Body!["code"]);
        foreach (var wrong in new[] { "wrong", setup.Token[..^1] + "!", setup.Token.ToUpperInvariant() + "x", new string('a', 10_000), "0" })
        {
            var (status, body, _) = await setup.ValidateAsync(new JsonObject(), wrong);
            Assert.Equal((HttpStatusCode.Unauthorized, "wrong_setup_token"), (status, (string?)body!["code"]));
        }

        // Over all callers: neither another wrong one nor the right one is looked at now.
        foreach (var any in new[] { "wrong", setup.Token })
        {
            var (status, body, answer) = await setup.ValidateAsync(new JsonObject(), any);
            Assert.Equal((HttpStatusCode.TooManyRequests, "too_many_requests"), (status, (string?)body!["code"]));
            Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        }

        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(HttpStatusCode.OK, (await setup.ValidateAsync(new JsonObject())).Status);
        time.Advance(TimeSpan.FromHours(24));
        Assert.Equal("setup_token_expired", (string?)(await setup.ValidateAsync(new JsonObject())).Body!["code"]);
        Assert.False(File.Exists(Paths.Database));
    }

    [Fact]
    public async Task StrangerClaimsInstanceFirst_WithTheTokenOfAnEarlierStart_IsRefused()
    {
        string earlier;
        await using (var first = await SetupHarness.StartAsync(Paths))
        {
            earlier = first.Token;
        }

        await using var second = await SetupHarness.StartAsync(Paths);
        Assert.NotEqual(earlier, second.Token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.ValidateAsync(new JsonObject(), earlier)).Status);
        Assert.Equal(HttpStatusCode.OK, (await second.ValidateAsync(new JsonObject())).Status);
    }

    [Theory]
    [InlineData("GET", "/", null)]
    [InlineData("GET", "/sign-in", null)]
    [InlineData("GET", "/jobs/1?tab=log", null)]
    [InlineData("HEAD", "/", null)]
    [InlineData("GET", "//setup", null)]
    [InlineData("GET", "/beep.db", null)]
    [InlineData("GET", "/config/host.json", null)]
    [InlineData("GET", "/error", null)]
    [InlineData("GET", "/api/v1/users", "setup_required")]
    [InlineData("POST", "/api/v1/users", "setup_required")]
    [InlineData("POST", "/account/sign-in", "setup_required")]
    [InlineData("DELETE", "/setup/api/initialize", "")]
    [InlineData("GET", "/v1/models", "setup_required")]
    [InlineData("POST", "/v1/chat/completions", "setup_required")]
    [InlineData("GET", "/hubs/live", "setup_required")]
    [InlineData("POST", "/hubs/live/negotiate", "setup_required")]
    [InlineData("GET", "/metrics", "setup_required")]
    [InlineData("GET", "/openapi/v1.json", "setup_required")]
    [InlineData("GET", "/health/ready", "setup_required")]
    [InlineData("GET", "/api/v1/health", "setup_required")]
    public async Task OtherRoutesBeforeSetup_Any_LeadToTheWizardOrAreNotThereYet(string method, string path, string? code)
    {
        await using var setup = await SetupHarness.StartAsync(Paths);
        using var answer = await setup.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), new Uri(setup.Address, "/").AbsoluteUri.TrimEnd('/') + path), Cancellation);
        if (code is null)
        {
            Assert.Equal((HttpStatusCode.Redirect, "/setup"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
            return;
        }

        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!;
        if (path.StartsWith("/v1/", StringComparison.Ordinal))
        {
            // In the words of OpenAI's protocol.
            Assert.Equal((HttpStatusCode.ServiceUnavailable, code), (answer.StatusCode, (string?)problem["error"]!["code"]));
            return;
        }

        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.True(code.Length == 0 || answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.True(code.Length == 0 || (string?)problem["code"] == code, problem.ToJsonString());
        Assert.NotEmpty((string)problem["correlation_id"]!);
    }

    [Theory]
    [InlineData("/setup", "text/html")]
    [InlineData("/health/live", "application/json")]
    [InlineData("/beep.css", "text/css")]
    [InlineData("/setup.css", "text/css")]
    [InlineData("/beep.js", "text/javascript")]
    public async Task OtherRoutesBeforeSetup_TheWizardAndItsAssets_AreThere(string path, string type)
    {
        await using var setup = await SetupHarness.StartAsync(Paths);
        using var answer = await setup.Client.GetAsync(path, Cancellation);
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task TokenInUrlLogsReferer_Token_IsTakenFromTheHeaderOnlyAndWrittenNowhere()
    {
        var log = new LogLines();
        await using var setup = await SetupHarness.StartAsync(Paths, configure: services => services.AddLogging(logging => logging.AddProvider(log)).PostConfigure<LoggerFilterOptions>(filter =>
        {
            // Everything for the list below, nothing for the console.
            filter.Rules.Clear();
            filter.Rules.Add(new LoggerFilterRule(typeof(ConsoleLoggerProvider).FullName, null, LogLevel.None, null));
            filter.MinLevel = LogLevel.Trace;
        }));
        await setup.ValidateAsync(new JsonObject());
        await setup.ValidateAsync(new JsonObject(), setup.Token + "x");
        using var page = await setup.Client.GetAsync("/setup", Cancellation);
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        Assert.True(page.Headers.CacheControl!.NoStore);
        Assert.DoesNotContain(setup.Token, await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.NotEmpty(log.Lines);
        Assert.DoesNotContain(log.Lines, line => line.Contains(setup.Token, StringComparison.Ordinal));
        var (status, body, _) = await setup.PostAsync($"/setup/api/validate-db?token={setup.Token}&X-Setup-Token={setup.Token}", new JsonObject(), token: null);
        Assert.Equal((HttpStatusCode.Unauthorized, "setup_token_needed"), (status, (string?)body!["code"]));
    }

    [Theory]
    [InlineData("Host", "beep.attacker.example", HttpStatusCode.BadRequest, "unknown_host")]
    [InlineData("Origin", "http://beep.attacker.example", HttpStatusCode.Forbidden, "foreign_origin")]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden, "foreign_origin")]
    public async Task DnsRebindingHostSpoof_RequestOfAnotherNameOrOrigin_IsRefusedBeforeTheTokenIsLookedAt(string header, string value, HttpStatusCode status, string code)
    {
        await using var setup = await SetupHarness.StartAsync(Paths);
        var (found, body, _) = await setup.PostAsync("/setup/api/validate-db", new JsonObject(), setup.Token, (header, value));
        Assert.Equal((status, code), (found, (string?)body!["code"]));
    }

    [Fact]
    public async Task DnsRebindingHostSpoof_CircuitOfAnotherOrigin_IsRefused()
    {
        await using var setup = await SetupHarness.StartAsync(Paths);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1") { Headers = { { "Origin", "http://beep.attacker.example" } } };
        using var answer = await setup.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData(null, null, "127.0.0.1")]
    [InlineData(null, "0.0.0.0", "127.0.0.1")]
    [InlineData("0.0.0.0", null, "0.0.0.0")]
    public void DnsRebindingHostSpoof_ListensTo_ThisMachineUnlessTheEnvironmentSaysOtherwise(string? given, string? file, string expected)
    {
        if (file is not null)
        {
            new Host.Hosting.Settings.SettingsFile(Paths).Change(new Dictionary<Host.Hosting.Settings.SettingKey, string?> { [Host.Hosting.Settings.SettingKeys.Host] = file });
        }

        var variable = SetupHarness.Variable(Paths, given is null ? null : new() { ["HOST"] = given });
        var options = Host.Hosting.Settings.HostConfiguration.Load(new() { Variable = variable }).Require();
        Assert.Equal(expected, SetupFeature.Shelter(options, variable).Host);
    }

    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "198.51.100.7")]
    public async Task SpoofedXForwarded_OfWhoIsNoProxy_IsIgnored(string remote, string audited)
    {
        var environment = new Dictionary<string, string> { ["PUBLIC_URL"] = "https://beep.example.org" };
        await using var setup = await SetupHarness.StartAsync(Paths, environment, services => services.AddSingleton<IStartupFilter>(new From(IPAddress.Parse(remote))));
        var (status, _, answer) = await setup.PostAsync("/setup/api/initialize", SetupHarness.Body(new SqliteAddress(Paths.Database)), setup.Token,
            ("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Host", "beep.attacker.example"), ("X-Forwarded-Proto", "https"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(remote == "127.0.0.1", answer.Headers.Contains("Strict-Transport-Security"));
        Assert.Contains($"|{audited}", await SetupAudit.ReadAsync(Paths, environment), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SpoofedXForwarded_WithoutAPublicAddress_ChangesNoRedirect()
    {
        await using var setup = await SetupHarness.StartAsync(Paths);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Forwarded-Host", "beep.attacker.example" }, { "X-Forwarded-Proto", "https" }, { "X-Forwarded-Prefix", "/evil" } } };
        using var answer = await setup.Client.SendAsync(request, Cancellation);
        Assert.Equal("/setup", answer.Headers.Location?.OriginalString);
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
    }

    private sealed class From(IPAddress remote) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.Connection.RemoteIpAddress = remote;
                return rest(context);
            });
            next(app);
        };
    }
}
