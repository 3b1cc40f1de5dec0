using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Tests.Identity.External;

/// <summary>What providers publish and sign beyond what is usual, and what strangers send in their name.</summary>
public sealed class ProviderKeyTests(PostgresServer postgres)
{
    // A text that is no Unicode: half of a sign.
    private const string Half = "\\ud800";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RotatedKey_UnderTheSameNameOrNone_IsFoundAtTheFirstTry(bool isNameless)
    {
        await using var provider = await HostileProvider.StartAsync();
        if (isNameless)
        {
            provider.Header = header => header.Remove("kid");
        }

        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: ProviderServer.LooksBy(new ManualTime()));
        using var first = new ProviderBrowser(server);
        Assert.Equal("/", await first.SignInAsync());
        provider.Rotate(keepsName: true);
        using var second = new ProviderBrowser(server);
        Assert.Equal("/", await second.SignInAsync());
        // Forged ones under that name fetch them no more often than unknown names do.
        provider.Sign = new SigningKey("attacker").Sign;
        for (var i = 0; i < 5; i++)
        {
            using var browser = new ProviderBrowser(server);
            await browser.RefusedAsync();
        }

        Assert.Equal(2, provider.Calls["/keys"]);
    }

    [Fact]
    public async Task UnknownKey_OfACallerWhoHangsUp_IsLookedForAllTheSame()
    {
        await using var provider = await HostileProvider.StartAsync();
        using var http = new ProviderHttp(new Uri(provider.Issuer), ProviderServer.Patience);
        using var directory = new ProviderDirectory(provider.Issuer, http, new ManualTime());
        await directory.GetAsync(Token);
        provider.Rotate();
        using var asked = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        provider.Document = _ =>
        {
            asked.Set();
            release.Wait(ProviderServer.Patience, CancellationToken.None);
        };
        using var hangsUp = new CancellationTokenSource();
        var stranger = SignedToken.VerifyAsync(provider.MakeToken(provider.IdClaims("n"), new JsonObject { ["alg"] = "RS256", ["kid"] = "unknown" }), directory, hangsUp.Token);
        Assert.True(asked.Wait(ProviderServer.Patience, Token));
        await hangsUp.CancelAsync();
        release.Set();
        await Assert.ThrowsAnyAsync<Exception>(() => stranger);
        // The interval is not over: what the stranger had asked for must be there.
        Assert.Equal("subject-1", (string?)(await SignedToken.VerifyAsync(provider.MakeToken(provider.IdClaims("n")), directory, Token)).Claims.Text("sub"));
    }

    [Fact]
    public async Task KeyThatIsNone_AmongTheOthers_IsPassedOver()
    {
        await using var provider = await HostileProvider.StartAsync();
        var offTheCurve = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64UrlEncoder.Encode(new byte[32]), ["y"] = Base64UrlEncoder.Encode(new byte[32]) };
        var noCurve = new JsonObject { ["kty"] = "EC", ["crv"] = "P-999", ["x"] = "AA", ["y"] = "AA" };
        var noExponent = new JsonObject { ["kty"] = "RSA", ["n"] = Base64UrlEncoder.Encode(Enumerable.Repeat((byte)255, 256).ToArray()) };
        provider.Instead["/keys"] = Results.Text(new JsonObject { ["keys"] = new JsonArray(offTheCurve, noCurve, noExponent, provider.Key.Public()) }.ToJsonString(), "application/json");
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        foreach (var algorithm in new[] { "ES256", "ES384", "PS256" })
        {
            provider.Header = header =>
            {
                header["alg"] = algorithm;
                header.Remove("kid");
            };
            await browser.RefusedAsync();
            Assert.Equal("bad_signature", (await server.RefusalsAsync())[^1]);
        }

        provider.Header = header => header.Remove("kid");
        Assert.Equal("/", await browser.SignInAsync());
    }

    [Fact]
    public async Task KeyThatIsTooShort_SignsNobodyIn()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Rotate(new SigningKey("short", 1024));
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync();
        Assert.Equal(["unknown_key"], await server.RefusalsAsync());
    }

    [Theory]
    [InlineData("""{"alg":"HALF"}""", "{}")]
    [InlineData("""{"alg":"RS256","kid":"HALF"}""", "{}")]
    [InlineData("""{"HALF":1,"HALF":2}""", "{}")]
    [InlineData("""{"alg":"RS256"}""", """{"HALF":1,"HALF":2}""")]
    [InlineData("""{"alg":"RS256","crit":["HALF"]}""", "{}")]
    public async Task TokenOfNoUnicode_FromAStranger_IsRefusedAsAnyOther(string header, string claims)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, settings => settings with { ApiAudience = "beep-api" });
        var token = $"{Part(header)}.{Part(claims)}.AAAA";
        using var browser = new ProviderBrowser(server);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PostAsync("backchannel-logout", ("logout_token", token))).StatusCode);
        using var client = server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("api/v1/profile", Token)).StatusCode);

        static string Part(string json) => Base64UrlEncoder.Encode(json.Replace("HALF", Half, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(TestDatabase.Kinds), MemberType = typeof(TestDatabase))]
    public async Task NamesOfNoUnicodeOrCutWithinASign_AreNotTaken(string kind)
    {
        await using var provider = await HostileProvider.StartAsync();
        var name = new string('a', 119) + "\U0001F600";
        provider.Instead["/userinfo"] = Results.Text($$"""{"sub":"subject-1","preferred_username":"{{Half}}","email":"{{Half}}@example.org","name":"{{name}}","roles":["{{Half}}"]}""", "application/json");
        await using var server = await ProviderServer.StartAsync(provider, postgres, kind: kind);
        using var browser = new ProviderBrowser(server);
        Assert.Equal("/", await browser.SignInAsync());
        var user = Assert.Single(await server.ExternalUsersAsync());
        Assert.Equal((null, new string('a', 119)), (user.Email, user.DisplayName));
    }

    [Fact]
    public async Task Health_AfterAFetchThatFailed_IsWellAgainWithTheProvider()
    {
        await using var provider = await HostileProvider.StartAsync();
        var time = new ManualTime();
        using var http = new ProviderHttp(new Uri(provider.Issuer), ProviderServer.Patience);
        using var directory = new ProviderDirectory(provider.Issuer, http, time);
        var health = new Beep.Host.Identity.External.ProviderHealth(directory);
        Assert.Null(await health.FindFaultAsync(Token));
        provider.Instead["/keys"] = Results.StatusCode(503);
        time.Advance(ProviderDirectory.Watch);
        // Also while what was known goes on being used.
        Assert.Equal("provider_unreachable", await health.FindFaultAsync(Token));
        Assert.NotEmpty((await directory.GetAsync(Token)).Keys);
        provider.Instead.Clear();
        var fetches = directory.Fetches;
        Assert.Equal("provider_unreachable", await health.FindFaultAsync(Token));
        Assert.Equal(fetches, directory.Fetches);
        time.Advance(ProviderDirectory.Interval);
        Assert.Null(await health.FindFaultAsync(Token));
    }

    [Fact]
    public async Task LogoutToken_TooLongOrInNoForm_IsRefusedAsAnyOther()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var client = server.CreateClient();
        foreach (var (type, body) in new[] { ("application/x-www-form-urlencoded", "logout_token=" + new string('a', 1 << 20)), ("application/json", """{"logout_token":"a"}"""), ("application/x-www-form-urlencoded", "logout_token=a&logout_token=b") })
        {
            using var answer = await client.PostAsync("backchannel-logout", new ByteArrayContent(Encoding.ASCII.GetBytes(body)) { Headers = { ContentType = new(type) } }, Token);
            Assert.Equal((HttpStatusCode.BadRequest, """{"error":"invalid_request"}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token)));
        }
    }
}
