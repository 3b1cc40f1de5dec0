using System.Net;
using System.Web;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 42 to 47, as far as providers show them that answer rightly. The numbers are those of the acceptance suite; see <see cref="CaseTable"/>.</summary>
public sealed class RightSessionTests(PostgresServer postgres)
{
    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Cases42_50_Refresh_RotatesTheTokenAndDemotes(ProviderKind provider)
    {
        await using var pair = await ProviderPair.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, "ada");
        Assert.Equal("Admin", (string?)(await browser.ReadProfileAsync())["role"]);
        await pair.Provider.SetAsync("""{"ada":{"roles":["staff"],"name":"Ada Lovelace"}}""");
        // The second with what the first one left: oidc-provider takes a refresh token once.
        for (var round = 0; round < 2; round++)
        {
            await pair.RefreshAsync();
            var profile = await browser.ReadProfileAsync();
            Assert.Equal(("User", "Ada Lovelace"), ((string?)profile["role"], (string?)profile["display_name"]));
        }
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case42_UserGoneAtTheProvider_EndsTheSessionAtTheRefresh(ProviderKind provider)
    {
        await using var pair = await ProviderPair.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, "ada");
        await pair.Provider.SetAsync("""{"ada":null}""");
        await pair.RefreshAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Cases44_45_SignOut_EndsOursFirstThenTheProvidersAndTheCookieIsDead(ProviderKind provider)
    {
        await using var pair = await ProviderPair.StartAsync(provider, postgres, settings => settings with { LogoutRedirect = new Uri("https://intranet.example/bye") });
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, "ada");
        using var copy = new ProviderBrowser(pair.Server) { Cookie = browser.Cookie };
        Assert.Equal(HttpStatusCode.OK, await copy.ProfileAsync());
        var address = new Uri(await browser.SignOutAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, await copy.ProfileAsync());
        var query = HttpUtility.ParseQueryString(address.Query);
        Assert.Equal(($"{pair.Server.Address}signout-callback-oidc", 3), (query["post_logout_redirect_uri"], query["id_token_hint"]!.Split('.').Length));
        // The one asks its user, the others send the browser back at once.
        var back = await browser.TryFollowAsync(address) ?? await browser.SendFormAsync(address, ("logout", "yes"));
        while (back.AbsolutePath != "/signout-callback-oidc")
        {
            back = await browser.FollowAsync(back);
        }

        Assert.Equal(query["state"], HttpUtility.ParseQueryString(back.Query)["state"]);
        Assert.Equal("https://intranet.example/bye", (await browser.FollowAsync(back)).AbsoluteUri);
        foreach (var wrong in new[] { "signout-callback-oidc", "signout-callback-oidc?state=x" })
        {
            Assert.Equal("/sign-in?notice=signed_out", (await browser.FollowAsync(new Uri(browser.Server, wrong))).PathAndQuery);
        }

        if (provider != ProviderKind.Hostile)
        {
            // It asks for the name again: its own session is over, too.
            var at = await browser.FollowAsync(new Uri(browser.Server, "account/external"));
            while (await browser.TryFollowAsync(at) is { } next)
            {
                at = next;
            }

            Assert.Equal(new Uri(pair.Provider.Issuer).Port, at.Port);
        }
    }

    [Fact]
    public async Task Case46_FrontChannelOfCertified_EndsOnlyTheSessionItNames()
    {
        await using var pair = await ProviderPair.StartAsync(ProviderKind.Certified, postgres);
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, "ada");
        var issuer = Uri.EscapeDataString(pair.Provider.Issuer);
        foreach (var query in new[] { "", $"?iss={issuer}", $"?iss={issuer}&sid=another" })
        {
            await browser.GetAsync("signout-oidc" + query);
            Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
        }

        await browser.GetAsync($"signout-oidc?iss={issuer}&sid={await pair.ProviderSessionAsync()}");
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
    }

    [Fact]
    public async Task Case47_SignOutElsewhereOfCertified_EndsOurSessionOverTheBackChannel()
    {
        await using var pair = await ProviderPair.StartAsync(ProviderKind.Certified, postgres);
        using var browser = new ProviderBrowser(pair.Server);
        using var other = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, "ada");
        await pair.SignInAsync(other, "ada");
        // At the provider itself, as another program of the organisation would do.
        await browser.SubmitFormAsync(new Uri(pair.Provider.Issuer + "/session/end"), ("logout", "yes"));
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
        Assert.Equal(HttpStatusCode.OK, await other.ProfileAsync());
    }
}
