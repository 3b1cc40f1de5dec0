using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Setup.Unlocking;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Setup;

/// <summary>From <c>beep serve</c> on an empty home to the host that runs, in one process at one address.</summary>
public sealed class SetupHandOverTests(PostgresServer server)
{
    [Fact]
    public async Task ReentryAfterCompletion_AnyWayOfWritingIt_FindsNoWizard()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromMinutes(5));
        using var held = new HeldPort();
        var port = held.Number;
        var terminal = new TestTerminal();
        var served = Task.Run(() => BeepCommand.RunAsync(["serve"], terminal.Services() with { Variable = name => name == "PORT" ? $"{port}" : name == "DATABASE_URL" ? null : database.Variable(name) }, stop.Token), CancellationToken.None);
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        try
        {
            await UntilAsync(client, "/health/live", stop.Token);
            var token = (await File.ReadAllTextAsync(database.Paths.SetupToken, stop.Token)).Trim();
            // It is said once it listens.
            while (!terminal.Output.Contains("The token alone lies in ", StringComparison.Ordinal))
            {
                await Task.Delay(50, stop.Token);
            }

            Assert.Contains($"  http://127.0.0.1:{port}/setup#{token}\n", terminal.Output, StringComparison.Ordinal);
            client.DefaultRequestHeaders.Add(SetupLock.Header, token);
            using var done = await client.PostAsJsonAsync("/setup/api/initialize", SetupHarness.Body(database.Address), stop.Token);
            Assert.Equal(HttpStatusCode.OK, done.StatusCode);
            Assert.Equal("/sign-in", (string?)(await done.Content.ReadFromJsonAsync<JsonNode>(stop.Token))!["sign_in"]);
            await UntilAsync(client, "/health/ready", stop.Token);
            Assert.False(File.Exists(database.Paths.SetupToken) || File.Exists(database.Paths.SetupDraft) || File.Exists(database.Paths.SetupKey));
            foreach (var path in new[] { "/setup", "/setup/", "/SETUP", "//setup", "/%2e/setup", "/setup/%2e", "/x/../setup", "/setup/api/initialize", "/Setup/Api/Initialize", "/setup/api/validate-db", "/setup;x", "/setup%00" })
            {
                foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Head, HttpMethod.Options })
                {
                    using var request = new HttpRequestMessage(method, $"http://127.0.0.1:{port}{path}") { Content = method == HttpMethod.Get || method == HttpMethod.Head ? null : JsonContent.Create(SetupHarness.Body(database.Address, "eve")) };
                    using var answer = await client.SendAsync(request, stop.Token);
                    // Nobody is signed in, so what is not there and what is not theirs look the same.
                    Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized or HttpStatusCode.MethodNotAllowed or HttpStatusCode.BadRequest or HttpStatusCode.Forbidden
                        || (answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location!.OriginalString.StartsWith("/sign-in", StringComparison.Ordinal)), $"{method} {path}: {answer.StatusCode} {answer.Headers.Location}");
                    Assert.DoesNotContain("blazor.web.js", await answer.Content.ReadAsStringAsync(stop.Token), StringComparison.Ordinal);
                }
            }

            var rows = await SetupAudit.RowsAsync(database.Paths);
            Assert.Single(rows, row => row.Action == "setup_completed");
        }
        finally
        {
            await stop.CancelAsync();
            Assert.Equal(0, await served);
        }

        Assert.Contains("The host is set up.\n", terminal.Output, StringComparison.Ordinal);
        Assert.Equal(0, await BeepCommand.RunAsync(["audit", "verify"], new TestTerminal().Services() with { Variable = database.Variable }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task SilentTampering_EveryStep_IsInTheAuditLogThatVerifies()
    {
        using var database = await TestDatabase.CreateAsync(TestDatabase.Sqlite, server);
        await using (var setup = await SetupHarness.StartAsync(database.Paths))
        {
            await setup.ValidateAsync(new JsonObject(), "wrong");
            Assert.Equal(HttpStatusCode.OK, (await setup.InitializeAsync(SetupHarness.Body(database.Address))).Status);
        }

        var rows = await SetupAudit.RowsAsync(database.Paths);
        Assert.Equal(
            ["system_roles_seeded", "setup_started", "setup_token_refused", "user_created", "setup_settings_written", "database_migrated", "setup_completed"],
            rows.Select(row => row.Action));
        Assert.Equal(Beep.Host.Audit.AuditOutcome.Refused, rows[2].Outcome);
        Assert.Matches("\"at\":\"20", rows[2].Details!);
        Assert.All(rows.Skip(2), row => Assert.Equal("127.0.0.1", row.IpAddress));
        Assert.DoesNotContain(rows, row => row.Details?.Contains(SetupHarness.Password, StringComparison.Ordinal) == true);
        Assert.Equal(0, await BeepCommand.RunAsync(["audit", "verify"], new TestTerminal().Services() with { Variable = database.Variable }, TestContext.Current.CancellationToken));
    }

    private static async Task UntilAsync(HttpClient client, string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(path, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
            }

            await Task.Delay(100, cancellationToken);
        }
    }
}
