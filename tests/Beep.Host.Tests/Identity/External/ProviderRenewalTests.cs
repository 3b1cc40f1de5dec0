using System.Net;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Renewals where something else happens at the same time: other hosts, a stop, new keys, another provider.</summary>
public sealed class ProviderRenewalTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Renewal_OfMany_ClaimsNoneBeforeItAsksForIt()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        for (var i = 0; i < 8; i++)
        {
            using var browser = new ProviderBrowser(server);
            await browser.SignInAsync();
        }

        await server.MakeDueAsync();
        var most = 0;
        provider.TokenAnswer = _ =>
        {
            using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
            var now = TimeProvider.System.GetUtcNow();
            most = Math.Max(most, context.Set<ExternalSession>().Count(found => found.ClaimedUntilAt > now));
        };
        await server.RefreshAsync();
        // A claim that is older than its asking runs out, and another host spends the same refresh token.
        Assert.InRange(most, 1, ExternalRefresher.AtATime);
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var due = TimeProvider.System.GetUtcNow();
        Assert.False(await context.Set<ExternalSession>().AnyAsync(found => found.RefreshAt <= due, Token));
    }

    [Fact]
    public async Task Renewal_WhileTheHostStops_KeepsTheTokenThatReplacesTheSpentOne()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        await server.MakeDueAsync();
        using var stopping = new CancellationTokenSource();
        string? replaces = null;
        provider.TokenAnswer = answer =>
        {
            replaces = (string?)answer["refresh_token"];
            stopping.Cancel();
        };
        await Record.ExceptionAsync(() => server.RefreshAsync(stopping.Token));
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        var id = await context.Set<ExternalSession>().Select(found => found.SessionId).SingleAsync(Token);
        Assert.Equal(replaces, (await server.Services.GetRequiredService<ExternalSessions>().FindAsync(id, Token))!.Value.Tokens.RefreshToken);
    }

    [Fact]
    public async Task RenewalWithoutIdToken_AfterTheKeysWereExchanged_KeepsTheSessionAndReadsUserInfo()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        await server.CreateAdminAsync();
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        provider.Rotate();
        provider.TokenAnswer = answer => answer.Remove("id_token");
        provider.UserInfo = claims => claims["roles"] = new JsonArray("staff");
        await server.MakeDueAsync();
        await server.RefreshAsync();
        Assert.Equal("User", (string?)(await browser.ReadProfileAsync())["role"]);
    }

    [Fact]
    public async Task Renewal_OfAUserWhoIsDeletedMeanwhile_MakesNobodyAnew()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        await server.MakeDueAsync();
        provider.UserInfo = _ =>
        {
            using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
            context.Set<User>().Where(user => user.IsExternal).ExecuteDelete();
        };
        await server.RefreshAsync();
        Assert.Empty(await server.ExternalUsersAsync());
    }

    [Fact]
    public async Task SessionOfAnotherProvider_IsEndedAndItsTokensGoNowhere()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var other = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        using var second = new ProviderBrowser(server);
        await browser.SignInAsync();
        await second.SignInAsync();
        await server.MakeDueAsync();
        await using var twin = await server.StartTwinAsync(options => options with { IdentityServer = options.IdentityServer with { Authority = new Uri(other.Issuer) } });
        // Signing out there tells the other provider nothing of the token of this one.
        using var leaves = new ProviderBrowser(twin, second.CookieHeader);
        Assert.DoesNotContain("id_token_hint", await leaves.TrySignOutAsync(), StringComparison.Ordinal);
        using var kept = new ProviderBrowser(twin, browser.CookieHeader);
        await twin.RefreshAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await kept.ProfileAsync());
        Assert.False(other.Calls.ContainsKey("/token"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_OfAWayInThatIsClosed_IsOver(bool ofProvider)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        var (_, name) = await server.CreateAdminAsync();
        using var browser = new ProviderBrowser(server);
        await (ofProvider ? browser.SignInAsync() : browser.PasswordAsync(name, RunningServer.Password));
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
        await using var twin = await server.StartTwinAsync(options => ofProvider ? options with { EnableIdentityServer = false } : options with { EnableInternalUsers = false });
        using var kept = new ProviderBrowser(twin, browser.CookieHeader);
        Assert.Equal(HttpStatusCode.Unauthorized, await kept.ProfileAsync());
    }

    [Theory]
    [InlineData("subject-1", true)]
    [InlineData("subject-2", false)]
    public async Task LogoutOfASession_WhoseNameWasNeverTold_EndsThoseOfTheSubject(string subject, bool ends)
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims.Remove("sid");
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        var claims = provider.LogoutClaims();
        (claims["sid"], claims["sub"]) = ("provider-session-1", subject);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("backchannel-logout", ("logout_token", provider.MakeToken(claims)))).StatusCode);
        Assert.Equal(ends ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, await browser.ProfileAsync());
    }
}
