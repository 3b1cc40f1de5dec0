using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Serving;

/// <summary>What holds for every answer of the server, whichever room gives it.</summary>
public sealed class ServerTests(PostgresServer postgres)
{
    [Fact]
    public async Task Answers_All_TellTheBrowserWhatItMayDo()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = server.CreateClient();
        foreach (var path in new[] { "/sign-in", "/health/live", "/api/v1/users", "/beep.css", "/there-is-no-such-page" })
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
            Assert.Contains("object-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
            Assert.Matches("^[0-9a-f]{32}$", answer.Headers.GetValues("X-Correlation-Id").Single());
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    [Theory]
    [InlineData(false, "GET", "/api/v1/users", 401, "not_signed_in")]
    [InlineData(false, "GET", "/api/v1/there-is-none", 401, "not_signed_in")]
    [InlineData(true, "GET", "/api/v1/there-is-none", 404, "not_found")]
    [InlineData(true, "GET", "/api/v1/users/999999", 404, "no_user")]
    [InlineData(true, "DELETE", "/api/v1/info", 405, "method_not_allowed")]
    public async Task Refusals_OfTheApi_AreProblemsWithTheCorrelationId(bool isAdmin, string method, string path, int status, string code)
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = isAdmin ? await server.CreateAdminClientAsync() : server.CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal((code, status, answer.Headers.GetValues("X-Correlation-Id").Single()), ((string?)problem["code"], (int)problem["status"]!, (string?)problem["correlation_id"]));
        Assert.NotEmpty((string?)problem["remedy"] ?? "");
    }

    [Theory]
    [InlineData("Host", "evil.example", 400, "unknown_host")]
    [InlineData("Origin", "https://evil.example", 403, "foreign_origin")]
    [InlineData("Origin", "null", 403, "foreign_origin")]
    public async Task Requests_FromElsewhere_AreRefused(string header, string value, int status, string code)
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/account/sign-in") { Content = new FormUrlEncodedContent([]) };
        request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((status, code), ((int)answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["code"]));
    }

    [Fact]
    public async Task Metrics_ForWhoMay_HoldOurMeters()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var admin = await server.CreateAdminClientAsync("system:admin");
        using var other = await server.CreateAdminClientAsync("audit.read");
        Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        await server.Services.GetRequiredService<TaskQueue>().EnqueueAsync(new NewTask("audit.verify", "Verify"), AuditActors.System, TestContext.Current.CancellationToken);
        await admin.GetAsync(new Uri("/api/v1/info", UriKind.Relative), TestContext.Current.CancellationToken);
        var text = "";
        // A request is counted after it was answered.
        for (var waited = Stopwatch.StartNew(); !text.Contains("http_server_request_duration", StringComparison.Ordinal) && waited.Elapsed < RunningServer.Patience; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            text = await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        }

        Assert.Contains("http_server_request_duration", text, StringComparison.Ordinal);
        Assert.Contains("beep_tasks_", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("beep_identity_", text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("/users")]
    [InlineData("/roles/1")]
    [InlineData("/groups/new")]
    [InlineData("/api/v1/users")]
    [InlineData("/api/v1/roles")]
    [InlineData("/api/v1/groups")]
    public async Task UsersOfTheServer_SwitchedOff_AreNowhere(string path)
    {
        await using var on = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        await using var off = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableInternalUsers = false });
        using var there = await on.CreateAdminClientAsync();
        using var gone = await off.CreateAdminClientAsync();
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await gone.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Audit_List_PagesAndFiltersWhatWasDone()
    {
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres);
        using var client = await server.CreateAdminClientAsync("audit.read");
        var page = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/audit?limit=1", UriKind.Relative), TestContext.Current.CancellationToken))!;
        Assert.Single(page["items"]!.AsArray());
        var next = JsonNode.Parse(await client.GetStringAsync(new Uri($"/api/v1/audit?limit=1&cursor={page["next"]}", UriKind.Relative), TestContext.Current.CancellationToken))!;
        Assert.Equal((long)page["items"]![0]!["seq"]! - 1, (long)next["items"]![0]!["seq"]!);
        var tokens = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/audit?action=token_created", UriKind.Relative), TestContext.Current.CancellationToken))!["items"]!.AsArray();
        Assert.All(tokens, row => Assert.Equal("token_created", (string?)row!["action"]));
        Assert.NotEmpty(tokens);
        var csv = await client.GetStringAsync(new Uri("/api/v1/audit/export?action=token_created", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(tokens.Count + 1, csv.TrimEnd().Split("\r\n").Length);
    }
}
