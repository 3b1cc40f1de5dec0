using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Identity.External;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 42 to 50: sessions of the provider, and whom its claims make somebody. The numbers are those of the acceptance suite.</summary>
public sealed class ExternalSessionTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Case42_Refresh_RotatesTheTokenAndKeepsTheSession()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        var before = await TokensAsync(server);
        await server.MakeDueAsync();
        await server.RefreshAsync();
        var after = await TokensAsync(server);
        Assert.Equal(("refresh_token", before.RefreshToken), (provider.LastForm["grant_type"], provider.LastForm["refresh_token"]));
        Assert.NotEqual(before.RefreshToken, after.RefreshToken);
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
    }

    [Fact]
    public async Task Case42_TwoHosts_RefreshOnce()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        await server.MakeDueAsync();
        var external = server.Services.GetRequiredService<ExternalSessions>();
        var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => external.ClaimAsync(Token)));
        Assert.Single(claims, claimed => claimed is not null);
    }

    [Fact]
    public async Task Case42_ProviderAway_KeepsTheSessionUntilTheAccessTokenExpires()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        provider.Instead["/token"] = Results.StatusCode(503);
        await server.MakeDueAsync();
        await server.RefreshAsync();
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
        await server.MakeDueAsync(hasExpired: true);
        await server.RefreshAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
    }

    [Theory]
    [InlineData("iss")]
    [InlineData("sub")]
    public async Task Case43_RefreshedTokenOfAnother_EndsTheSession(string claim)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        provider.Claims = claims => claims[claim] = "another";
        await server.MakeDueAsync();
        await server.RefreshAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
        Assert.Single(await server.ExternalUsersAsync());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("?iss={iss}", true)]
    [InlineData("?sid=provider-session-1", true)]
    [InlineData("?iss=https%3A%2F%2Fother.example&sid=provider-session-1", true)]
    [InlineData("?iss={iss}&sid=another", true)]
    [InlineData("?iss={iss}&sid=provider-session-1", false)]
    public async Task Case46_FrontChannel_IsHeededOnlyWhereBothNamesFit(string query, bool stays)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("signout-oidc" + query.Replace("{iss}", Uri.EscapeDataString(provider.Issuer), StringComparison.Ordinal))).StatusCode);
        Assert.Equal(stays ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await browser.ProfileAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Case47_BackChannel_EndsTheNamedSessionOrAllOfTheSubject(bool bySession)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var first = new ProviderBrowser(server);
        using var second = new ProviderBrowser(server);
        using var other = new ProviderBrowser(server);
        await first.SignInAsync();
        provider.Claims = claims => claims["sid"] = "provider-session-2";
        await second.SignInAsync();
        provider.Claims = claims => (claims["sid"], claims["sub"]) = ("provider-session-3", "subject-2");
        provider.UserInfo = claims => claims["sub"] = "subject-2";
        await other.SignInAsync();
        var token = provider.LogoutClaims();
        if (bySession)
        {
            token["sid"] = "provider-session-1";
        }

        using var answer = await other.PostAsync("backchannel-logout", ("logout_token", provider.MakeToken(token, new JsonObject { ["alg"] = "RS256", ["kid"] = provider.Key.Id, ["typ"] = "logout+jwt" })));
        Assert.Equal((HttpStatusCode.OK, true), (answer.StatusCode, answer.Headers.CacheControl!.NoStore));
        Assert.Equal(HttpStatusCode.Unauthorized, await first.ProfileAsync());
        Assert.Equal(bySession ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await second.ProfileAsync());
        Assert.Equal(HttpStatusCode.OK, await other.ProfileAsync());
    }

    [Fact]
    public async Task Case48_LogoutTokens_ThatBreakARule_AreRefusedAndTheSessionStays()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        var attacker = new SigningKey(provider.Key.Id);
        var wrong = new Dictionary<string, Action<JsonObject>>
        {
            ["issuer"] = claims => claims["iss"] = "https://other.example",
            ["audience"] = claims => claims["aud"] = "another",
            ["no events"] = claims => claims.Remove("events"),
            ["wrong events"] = claims => claims["events"] = new JsonObject { ["http://schemas.openid.net/event/other"] = new JsonObject() },
            ["events that are text"] = claims => claims["events"] = "http://schemas.openid.net/event/backchannel-logout",
            ["nonce"] = claims => claims["nonce"] = "n",
            ["expired"] = claims => (claims["iat"], claims["exp"]) = (HostileProvider.Now - 300, HostileProvider.Now - 120),
            ["old"] = claims => claims["iat"] = HostileProvider.Now - 700,
            ["of the future"] = claims => claims["iat"] = HostileProvider.Now + 90,
            ["nobody"] = claims => claims.Remove("sub"),
            ["no id"] = claims => claims.Remove("jti"),
        };
        foreach (var (name, change) in wrong)
        {
            var claims = provider.LogoutClaims();
            change(claims);
            await RefuseAsync(name, provider.MakeToken(claims));
        }

        var good = provider.LogoutClaims();
        good["sid"] = "of-nobody";
        var repeated = provider.MakeToken(good);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("backchannel-logout", ("logout_token", repeated))).StatusCode);
        await RefuseAsync("repeated", repeated);
        provider.Header = header => header["alg"] = "none";
        provider.Sign = _ => "AA";
        await RefuseAsync("none", provider.MakeToken(provider.LogoutClaims()));
        provider.Header = header => header["alg"] = "RS256";
        provider.Sign = attacker.Sign;
        await RefuseAsync("signed by another", provider.MakeToken(provider.LogoutClaims()));
        await RefuseAsync("nothing", "");
        using var get = await browser.GetAsync("backchannel-logout?logout_token=" + repeated);
        Assert.NotEqual(HttpStatusCode.OK, get.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());

        async Task RefuseAsync(string name, string token)
        {
            using var answer = await browser.PostAsync("backchannel-logout", ("logout_token", token));
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{name}: {(int)answer.StatusCode}");
        }
    }

    [Fact]
    public async Task Case49_SameAddressOrNameOrSubject_IsAnotherUser()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        var (adminId, adminName) = await server.CreateAdminAsync();
        provider.UserInfo = claims => claims["preferred_username"] = adminName;
        using var first = new ProviderBrowser(server);
        await first.SignInAsync();
        provider.Subject = "subject-2";
        using var second = new ProviderBrowser(server);
        await second.SignInAsync();
        var users = await server.ExternalUsersAsync();
        Assert.Equal([("subject-1", adminName + "2", "ada@example.org"), ("subject-2", adminName + "3", "ada@example.org")], users.Select(user => (user.ExternalSubject, user.UserName!, user.Email)));
        Assert.DoesNotContain(users, user => user.Id == adminId);

        // The same subject of another issuer is somebody else, whoever the settings name now, though all that it says is the same.
        await using var other = await HostileProvider.StartAsync();
        var accounts = server.Services.GetRequiredService<ExternalAccounts>();
        using var claims = System.Text.Json.JsonDocument.Parse("""{"name":"Ada","email":"ada@example.org"}""");
        Assert.DoesNotContain(await accounts.AdmitAsync(new ProviderIdentity(other.Issuer, "subject-1", null, claims.RootElement), null, Token), users.Select(user => user.Id));
    }

    [Theory]
    [InlineData("""{"role":"admins"}""", "Admin")]
    [InlineData("""{"roles":["staff","staff"]}""", "User")]
    [InlineData("""{"roles":["staff","admins"]}""", "Admin")]
    [InlineData("""{"groups":["staff"]}""", "User")]
    [InlineData("""{"realm_access":{"roles":["admins"]}}""", "Admin")]
    [InlineData("""{"roles":["Admins","ADMINS","admins "]}""", "Guest")]
    [InlineData("""{"roles":{"admins":true}}""", "Guest")]
    [InlineData("""{"roles":["admins",7]}""", "Guest")]
    [InlineData("""{"resource_access":{"beep":{"roles":["admins"]}}}""", "Guest")]
    [InlineData("""{}""", "Guest")]
    public async Task Case50_Roles_AreReadInTheirShapesAndMatchedExactly(string claims, string role)
    {
        await using var provider = await HostileProvider.StartAsync();
        Merge(provider, claims);
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        Assert.Equal(role, (string?)(await browser.ReadProfileAsync())["role"]);
    }

    [Fact]
    public async Task Case50_FiveHundredRolesAndRemoval_AreReadAndDemoted()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims["roles"] = new JsonArray([.. Enumerable.Range(0, 499).Select(number => (JsonNode)$"role-{number}"), "staff"]);
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        Assert.Equal("User", (string?)(await browser.ReadProfileAsync())["role"]);
        provider.Claims = _ => { };
        await server.MakeDueAsync();
        await server.RefreshAsync();
        Assert.Equal("Guest", (string?)(await browser.ReadProfileAsync())["role"]);
    }

    [Fact]
    public async Task Unmapped_WhereTheSettingsSayDeny_IsTurnedAway()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, settings => settings with { DeniesUnmapped = true });
        using var browser = new ProviderBrowser(server);
        await browser.RefusedAsync();
        Assert.Equal(["not_mapped"], await server.RefusalsAsync());
        Assert.Empty(await server.ExternalUsersAsync());
    }

    private static void Merge(HostileProvider provider, string json) => provider.Claims = claims =>
    {
        foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
        {
            claims[name] = value?.DeepClone();
        }
    };

    private static async Task<ExternalTokens> TokensAsync(RunningServer server)
    {
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var id = await context.Set<ExternalSession>().Select(found => found.SessionId).SingleAsync(Token);
        return (await server.Services.GetRequiredService<ExternalSessions>().FindAsync(id, Token))!.Value.Tokens;
    }
}
