using System.Net;
using System.Web;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 1 to 23, 40, 41, 49 and 50, as far as providers show them that answer rightly. The numbers are those of the acceptance suite; see <see cref="CaseTable"/>.</summary>
public sealed class RightSignInTests(ProviderPairs pairs, PostgresServer postgres) : IClassFixture<ProviderPairs>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case01_Discovery_GivesTheEndpointsAndSignsIn(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        Assert.Equal("/tasks", await pair.SignInAsync(browser, name, "account/external?return_url=%2Ftasks"));
        var profile = await browser.ReadProfileAsync();
        Assert.Equal((name, name.ToUpperInvariant(), $"{name}@example.org", true), ((string?)profile["username"], (string?)profile["display_name"], (string?)profile["email"], (bool)profile["is_external"]!));
        // As each of them writes it: OpenIddict's ends in a slash.
        Assert.Equal(pair.Provider.Issuer, (await pair.Server.ExternalUsersAsync()).Single(user => user.UserName == name).ExternalIssuer);
        Assert.Equal(provider == ProviderKind.OpenIddict, pair.Provider.Issuer.EndsWith('/'));
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case05_RotatedKey_IsFoundAtTheFirstTry(ProviderKind provider)
    {
        await using var pair = await ProviderPair.StartAsync(provider, postgres);
        using var first = new ProviderBrowser(pair.Server);
        Assert.Equal("/", await pair.SignInAsync(first, "ada"));
        await pair.Provider.RotateAsync();
        using var second = new ProviderBrowser(pair.Server);
        Assert.Equal("/", await pair.SignInAsync(second, "ada"));
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Cases09_20_CodeOfAnotherAttempt_IsRefusedByTheProofKey(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        var (_, other) = await pairs.WithUserAsync(provider);
        using var victim = new ProviderBrowser(pair.Server);
        using var attacker = new ProviderBrowser(pair.Server);
        var stolen = HttpUtility.ParseQueryString((await pair.ToCallbackAsync(victim, name)).Query)["code"];
        await attacker.RefusedAsync(ProviderBrowser.With(await pair.ToCallbackAsync(attacker, other), "code", stolen));
        Assert.Equal("invalid_grant", (await pair.Server.RefusalsAsync())[^1]);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    public async Task Cases08_10_PushedRequest_IsUsedFreshEachTime(ProviderKind provider)
    {
        // OpenIddict demands both that requests are pushed and PKCE, oidc-provider PKCE: the sign-in of case 1 would fail without.
        var pair = await pairs.GetAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        var asked = HttpUtility.ParseQueryString((await browser.FollowAsync(new Uri(browser.Server, "account/external"))).Query);
        var again = HttpUtility.ParseQueryString((await browser.FollowAsync(new Uri(browser.Server, "account/external"))).Query);
        Assert.Equal(["client_id", "request_uri"], asked.AllKeys.Order());
        Assert.NotEqual(asked["request_uri"], again["request_uri"]);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case11_TwoTabs_BothFinish(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        var first = await pair.ToCallbackAsync(browser, name, "account/external?return_url=%2Ftasks");
        var second = await pair.ToCallbackAsync(browser, name, "account/external?return_url=%2Faudit");
        Assert.Equal("/audit", (await browser.FollowAsync(second)).PathAndQuery);
        Assert.Equal("/tasks", (await browser.FollowAsync(first)).PathAndQuery);
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case12_StateAltered_IsRefusedAndTheCodeStaysUnused(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        var callback = await pair.ToCallbackAsync(browser, name);
        await browser.RefusedAsync(ProviderBrowser.With(callback, "state", new string('A', 43)));
        await browser.RefusedAsync(ProviderBrowser.With(callback, "state", null));
        Assert.Equal(["state_of_another_browser", "bad_state"], (await pair.Server.RefusalsAsync()).TakeLast(2));
        Assert.Equal("/", (await browser.FollowAsync(callback)).PathAndQuery);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case13_StateOfAnotherBrowser_IsRefused(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var attacker = new ProviderBrowser(pair.Server);
        using var victim = new ProviderBrowser(pair.Server);
        await victim.RefusedAsync(await pair.ToCallbackAsync(attacker, name));
        Assert.Equal("state_of_another_browser", (await pair.Server.RefusalsAsync())[^1]);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case14_CallbackAgain_BeginsNoSecondSession(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        var callback = await pair.ToCallbackAsync(browser, name);
        var kept = browser.CookieHeader;
        Assert.Equal("/", (await browser.FollowAsync(callback)).PathAndQuery);
        Assert.StartsWith("/sign-in?error=provider_failed", (await browser.FollowAsync(callback)).PathAndQuery, StringComparison.Ordinal);
        // Also with the cookies that were there before: OpenIddict without a store takes a code twice.
        using var copy = new ProviderBrowser(pair.Server, kept);
        await copy.RefusedAsync(callback);
        Assert.Equal(["state_used", "state_used"], (await pair.Server.RefusalsAsync()).TakeLast(2));
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    public async Task Cases16_17_IssuerOfTheAnswer_MustBeThereAndRight(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        var callback = await pair.ToCallbackAsync(browser, name);
        Assert.Equal(pair.Provider.Issuer, HttpUtility.ParseQueryString(callback.Query)["iss"]);
        await browser.RefusedAsync(ProviderBrowser.With(callback, "iss", "https://other.example"));
        await browser.RefusedAsync(ProviderBrowser.With(await pair.ToCallbackAsync(browser, name), "iss", null));
        Assert.Equal(["wrong_response_issuer", "wrong_response_issuer"], (await pair.Server.RefusalsAsync()).TakeLast(2));
    }

    [Theory]
    [InlineData(ProviderKind.Certified, ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.OpenIddict, ProviderKind.Certified)]
    public async Task Case18_AnswerOfAnotherProvider_IsRefused(ProviderKind provider, ProviderKind other)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        var (mixed, stranger) = await pairs.WithUserAsync(other);
        using var browser = new ProviderBrowser(pair.Server);
        using var elsewhere = new ProviderBrowser(mixed.Server);
        var mine = await pair.ToCallbackAsync(browser, name);
        var theirs = HttpUtility.ParseQueryString((await mixed.ToCallbackAsync(elsewhere, stranger)).Query);
        await browser.RefusedAsync(ProviderBrowser.With(ProviderBrowser.With(mine, "iss", theirs["iss"]), "code", theirs["code"]));
        Assert.Equal("wrong_response_issuer", (await pair.Server.RefusalsAsync())[^1]);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case21_ReturnElsewhere_LeadsHome(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        foreach (var target in new[] { "//evil.example", "/\\evil.example", "https://evil.example/", "/a\r\nSet-Cookie: a=b" })
        {
            Assert.Equal("/", await pair.SignInAsync(browser, name, $"account/external?return_url={Uri.EscapeDataString(target)}"));
        }
    }

    [Theory]
    [InlineData(ProviderKind.Certified, false)]
    [InlineData(ProviderKind.Certified, true)]
    [InlineData(ProviderKind.OpenIddict, false)]
    [InlineData(ProviderKind.OpenIddict, true)]
    public async Task Case23_SecretWithStrangeCharacters_IsUnderstoodBothWays(ProviderKind provider, bool takesPostAlone)
    {
        await using var pair = await ProviderPair.StartAsync(provider, postgres, takesPostAlone: takesPostAlone);
        using var browser = new ProviderBrowser(pair.Server);
        Assert.Equal("/", await pair.SignInAsync(browser, "ada"));
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case41_SessionIdChosenBefore_IsAnotherAfter(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        var chosen = new string('A', 43);
        browser.Cookie = chosen;
        await pair.SignInAsync(browser, name);
        var first = browser.Cookie;
        Assert.NotEqual(chosen, first);
        await pair.SignInAsync(browser, name);
        Assert.NotEqual(first, browser.Cookie);
        using var old = new ProviderBrowser(pair.Server) { Cookie = first };
        Assert.Equal(HttpStatusCode.Unauthorized, await old.ProfileAsync());
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    [InlineData(ProviderKind.Hostile)]
    public async Task Case49_SameAddressAndNameAsALocalAdmin_IsAnotherUser(ProviderKind provider)
    {
        var pair = await pairs.GetAsync(provider);
        var (id, admin) = await pair.Server.CreateAdminAsync();
        var (_, first) = await pairs.WithUserAsync(provider, $$"""{"preferred_username":"{{admin}}","email":"{{admin}}@example.org"}""");
        var (_, second) = await pairs.WithUserAsync(provider, $$"""{"preferred_username":"{{admin}}","email":"{{admin}}@example.org"}""");
        foreach (var name in new[] { first, second, first })
        {
            using var browser = new ProviderBrowser(pair.Server);
            await pair.SignInAsync(browser, name);
            Assert.Equal($"{admin}{(name == first ? 2 : 3)}", (string?)(await browser.ReadProfileAsync())["username"]);
        }

        Assert.DoesNotContain(await pair.Server.ExternalUsersAsync(), user => user.Id == id);
    }

    [Theory]
    [InlineData(ProviderKind.Certified, """["admins"]""", "Admin")]
    [InlineData(ProviderKind.Certified, "\"staff\"", "User")]
    [InlineData(ProviderKind.Certified, """["Admins","nobody"]""", "Guest")]
    [InlineData(ProviderKind.OpenIddict, """["staff","admins"]""", "Admin")]
    [InlineData(ProviderKind.OpenIddict, "\"staff\"", "User")]
    [InlineData(ProviderKind.OpenIddict, """["Admins","nobody"]""", "Guest")]
    public async Task Cases40_50_Roles_AreThoseOfTheMapAloneAndTakenAnewAtEachSignIn(ProviderKind provider, string roles, string expected)
    {
        // oidc-provider says them in userinfo as roles, OpenIddict in the ID token as role.
        var (pair, name) = await pairs.WithUserAsync(provider, $$"""{"roles":{{roles}},"is_admin":true,"permissions":["system:admin"]}""");
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, name);
        Assert.Equal(expected, (string?)(await browser.ReadProfileAsync())["role"]);
        await pair.Provider.SetAsync($$$"""{"{{{name}}}":{"roles":[]}}""");
        await pair.SignInAsync(browser, name);
        Assert.Equal("Guest", (string?)(await browser.ReadProfileAsync())["role"]);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    public async Task SwitchAccount_AsksTheProviderForAnother(ProviderKind provider)
    {
        var (pair, name) = await pairs.WithUserAsync(provider);
        var (_, other) = await pairs.WithUserAsync(provider);
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, name);
        Assert.Equal("/", await pair.SignInAsync(browser, other, "account/external?switch=true"));
        Assert.Equal(other, (string?)(await browser.ReadProfileAsync())["username"]);
    }

    [Theory]
    [InlineData(ProviderKind.Certified)]
    [InlineData(ProviderKind.OpenIddict)]
    public async Task Elevation_AsksTheProviderAfresh(ProviderKind provider)
    {
        await using var pair = await ProviderPair.StartAsync(provider, postgres, hasPasswords: false);
        using var browser = new ProviderBrowser(pair.Server);
        await pair.SignInAsync(browser, "ada");
        var before = browser.Cookie;
        Assert.Contains($"Confirm with {new Uri(pair.Provider.Issuer).Host}", await (await browser.GetAsync("account/elevate")).Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal("/tokens", await pair.SignInAsync(browser, "ada", "account/external/elevate?return_url=%2Ftokens"));
        Assert.NotEqual(before, browser.Cookie);
        // Somebody else shows who they are: the session is not theirs.
        Assert.StartsWith("/sign-in?error=provider_failed", await pair.SignInAsync(browser, "bob", "account/external/elevate"), StringComparison.Ordinal);
        Assert.Equal(["elevation_of_another"], await pair.Server.RefusalsAsync());
        // oidc-provider, which has signed the one out to sign the other in, has said so over the back channel; OpenIddict has none.
        Assert.Equal(provider == ProviderKind.Certified ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, await browser.ProfileAsync());
    }
}
