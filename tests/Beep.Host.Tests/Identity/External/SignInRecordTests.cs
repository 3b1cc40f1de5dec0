using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Identity;
using Beep.Host.Identity.External.Flow;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>What is left of sign-ins, refusals and sign-outs in the meters, the audit log and the guide.</summary>
public sealed partial class SignInRecordTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SignInsRefusalsAndSignOuts_AreCountedAndRecordedWithTheirReason()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var counts = new Counts(server);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        await browser.SignOutAsync();
        await browser.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("backchannel-logout", ("logout_token", provider.MakeToken(provider.LogoutClaims())))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync("backchannel-logout", ("logout_token", "nothing"))).StatusCode);
        provider.Claims = claims => claims["aud"] = "another";
        using var stranger = new ProviderBrowser(server);
        await stranger.RefusedAsync();
        // A word of the provider's own is no label.
        provider.Instead["/token"] = Results.Json(new Dictionary<string, string> { ["error"] = "of_my_own" }, statusCode: 400);
        await stranger.RefusedAsync();
        Assert.Equal(
            [
                "provider_logouts bad_signature 1", "provider_logouts succeeded 1", "sessions_ended provider_logout 1", "sessions_ended signed_out 1",
                "sign_ins code_refused 1", "sign_ins succeeded 2", "sign_ins wrong_audience 1",
            ],
            counts.Read());
        Assert.Equal(
            [
                ("signed_in", "provider"), ("signed_out", null), ("signed_in", "provider"), ("session_ended", "provider_logout"), ("provider_logout_refused", "bad_signature"),
                ("sign_in_refused", "wrong_audience"), ("sign_in_refused", "code_refused"),
            ],
            await RowsAsync(server, "signed_in", "signed_out", "session_ended", "provider_logout_refused", "sign_in_refused"));
    }

    [Fact]
    public async Task LogoutTokens_RefusedInAFlood_FillNoLog()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: services => services.AddSingleton(new CallbackRate(new ManualTime())));
        using var browser = new ProviderBrowser(server);
        for (var i = 0; i < CallbackRate.PerMinute + 20; i++)
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync("backchannel-logout", ("logout_token", "nothing"))).StatusCode);
        }

        Assert.Equal(CallbackRate.PerMinute, (await RowsAsync(server, "provider_logout_refused")).Count);
    }

    [Fact]
    public async Task Starts_InAFlood_AskTheProviderNoMoreThanTheirRate()
    {
        await using var provider = await HostileProvider.StartAsync();
        var time = new ManualTime();
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: services => services.AddSingleton(new CallbackRate(time)));
        using var browser = new ProviderBrowser(server);
        for (var i = 0; i < CallbackRate.PerMinute; i++)
        {
            Assert.Equal(HttpStatusCode.Redirect, (await browser.GetAsync("account/external")).StatusCode);
        }

        using var answer = await browser.GetAsync("account/external");
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.Redirect, (await browser.GetAsync("account/external")).StatusCode);
    }

    [Fact]
    public void Rate_OfManyAddressesOfOneLine_IsOne()
    {
        var rate = new CallbackRate(new ManualTime(), perMinute: 3);
        Assert.All(Enumerable.Range(1, 3), number => Assert.Null(rate.Take(From($"2001:db8::{number}"))));
        Assert.NotNull(rate.Take(From("2001:db8::4")));
        Assert.Null(rate.Take(From("2001:db8:0:1::4")));

        static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
    }

    [Fact]
    public void Reasons_ThatARefusalCanHave_AreAllInTheGuide()
    {
        var guide = File.ReadAllText(RepositoryFiles.At("docs", "integration", "openid-connect.md"));
        var reasons = Directory.EnumerateFiles(RepositoryFiles.At("src", "Beep.Host", "Identity", "External"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Reason().Matches(File.ReadAllText(file))).Select(match => match.Groups["reason"].Value).Distinct().ToList();
        Assert.True(reasons.Count > 40, $"Only {reasons.Count} reasons are found in the source.");
        Assert.DoesNotContain(reasons, reason => !guide.Contains($"`{reason}`", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<(string Action, string? Reason)>> RowsAsync(RunningServer server, params string[] actions)
    {
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var rows = await context.Set<AuditRow>().AsNoTracking().Where(row => actions.Contains(row.Action)).OrderBy(row => row.Seq).ToListAsync(Token);
        return [.. rows.Select(row => (row.Action, row.Details is null ? null : (string?)System.Text.Json.Nodes.JsonNode.Parse(row.Details)!["reason"]))];
    }

    [GeneratedRegex("""(?:new ProviderException\(|Refused\(answer, |\(null, (?:await [^"]*\? )?|OtherIssuer = |=> new\()"(?<reason>[a-z]+_[a-z_]+)"(?=[,);: ])""")]
    private static partial Regex Reason();

    /// <summary>What the meters of one server count, by their first label.</summary>
    private sealed class Counts : IDisposable
    {
        private readonly MeterListener _listener;
        private readonly ConcurrentDictionary<string, long> _counts = new();

        public Counts(RunningServer server)
        {
            var scope = server.Services.GetRequiredService<IMeterFactory>();
            _listener = new MeterListener
            {
                InstrumentPublished = (instrument, self) =>
                {
                    if (instrument.Meter.Name == IdentityMeters.Name && instrument.Meter.Scope == scope && instrument is Counter<long>)
                    {
                        self.EnableMeasurementEvents(instrument);
                    }
                },
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _counts.AddOrUpdate($"{instrument.Name} {tags[0].Value}", value, (_, old) => old + value));
            _listener.Start();
        }

        public IEnumerable<string> Read() => _counts.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal);

        public void Dispose() => _listener.Dispose();
    }
}
