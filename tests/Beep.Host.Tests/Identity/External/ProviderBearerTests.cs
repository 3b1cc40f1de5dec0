using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Access tokens of the provider beside the sign-ins of the same people.</summary>
public sealed class ProviderBearerTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TokenThatSaysLess_TakesNothingFromItsUser()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims["roles"] = new JsonArray("admins");
        await using var server = await StartAsync(provider);
        await server.CreateAdminAsync();
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        using var client = ClientOf(server, MakeToken(provider));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("api/v1/profile", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("api/v1/audit", Token)).StatusCode);
        Assert.Equal(("Admin", "ada@example.org"), ((string?)(await browser.ReadProfileAsync())["role"], (string?)(await browser.ReadProfileAsync())["email"]));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("api/v1/audit")).StatusCode);
    }

    [Fact]
    public async Task TokenOfBefore_LiftsNobodyWhoWasDemotedSince()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims["roles"] = new JsonArray("admins");
        await using var server = await StartAsync(provider);
        await server.CreateAdminAsync();
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        using var client = ClientOf(server, MakeToken(provider, "admins"));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("api/v1/audit", Token)).StatusCode);
        provider.Claims = _ => { };
        await browser.SignInAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("api/v1/audit", Token)).StatusCode);
        Assert.Equal("Guest", (string?)(await browser.ReadProfileAsync())["role"]);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync("api/v1/audit")).StatusCode);
    }

    [Fact]
    public async Task ProgramThatNeverSignsIn_HasTheRoleOfItsLastToken()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await StartAsync(provider);
        await server.CreateAdminAsync();
        foreach (var (role, expected) in new[] { ("staff", HttpStatusCode.Forbidden), ("admins", HttpStatusCode.OK), ("", HttpStatusCode.Forbidden) })
        {
            using var client = ClientOf(server, MakeToken(provider, role));
            Assert.Equal(expected, (await client.GetAsync("api/v1/audit", Token)).StatusCode);
        }
    }

    [Fact]
    public async Task LongRequest_GoesOnUntilTheUserIsGoneOrTheTokenExpires()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await StartAsync(provider);
        // What has ended may be told so more than once: the server looks by itself, too.
        var ended = new ConcurrentDictionary<string, bool>();
        var live = server.Services.GetRequiredService<LiveSessions>();
        using var open = live.RegisterToken(await IdOfAsync(server, MakeToken(provider)), () => ended["open"] = true);
        // Within the minute that clocks may differ it still opens, and what it opened ends at the next look.
        using var late = live.RegisterToken(await IdOfAsync(server, MakeToken(provider, expires: HostileProvider.Now - 1)), () => ended["late"] = true);
        var sweeper = server.Services.GetServices<IHostedService>().OfType<SessionSweeper>().Single();
        await sweeper.SweepAsync(Token);
        Assert.Equal(["late"], ended.Keys);
        await using (var context = server.Services.GetRequiredService<HostDatabase>().CreateContext())
        {
            await context.Set<User>().Where(user => user.IsExternal).ExecuteUpdateAsync(set => set.SetProperty(user => user.IsActive, false), Token);
        }

        await sweeper.SweepAsync(Token);
        Assert.Contains("open", ended.Keys);
    }

    [Theory]
    [InlineData("at_hash")]
    [InlineData("events")]
    public async Task TokenOfAnotherKind_ForTheSameAudience_IsNotTaken(string claim)
    {
        await using var provider = await HostileProvider.StartAsync();
        // As where the client and the API are one registration.
        await using var server = await StartAsync(provider, settings => settings with { ApiAudience = HostileProvider.ClientId });
        var claims = provider.IdClaims("");
        claims.Remove("nonce");
        claims[claim] = "x";
        using var client = ClientOf(server, provider.MakeToken(claims));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("api/v1/profile", Token)).StatusCode);
    }

    private Task<RunningServer> StartAsync(HostileProvider provider, Func<IdentityServerOptions, IdentityServerOptions>? change = null) =>
        ProviderServer.StartAsync(provider, postgres, settings => (change ?? (same => same))(settings with { ApiAudience = "beep-api" }));

    private static string MakeToken(HostileProvider provider, string role = "", long? expires = null)
    {
        var claims = provider.IdClaims("");
        claims.Remove("nonce");
        (claims["aud"], claims["exp"]) = ("beep-api", expires ?? HostileProvider.Now + 300);
        if (role.Length > 0)
        {
            claims["roles"] = new JsonArray(role);
        }

        return provider.MakeToken(claims, new JsonObject { ["alg"] = "RS256", ["kid"] = provider.Key.Id, ["typ"] = "at+jwt" });
    }

    private static async Task<string> IdOfAsync(RunningServer server, string token) =>
        (await server.Services.GetRequiredService<ExternalBearer>().AuthenticateAsync(token, Token)).FindFirst(ClaimNames.TokenId)!.Value;

    private static HttpClient ClientOf(RunningServer server, string token)
    {
        var client = server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }
}
