using System.Net;
using Beep.Host.Data;
using Beep.Host.Identity.External.Sessions;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>The cases that a right provider can show, against one that is certified. The numbers are those of the acceptance suite.</summary>
public sealed class CertifiedProviderTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cases01_08_10_17_40_50_SignIn_PushesItsRequestAndTakesTheRoleFromUserInfo()
    {
        await using var pair = await PairAsync();
        using var browser = new ProviderBrowser(pair.Server);
        Assert.Equal("/tasks", await SignInAsync(browser, pair, "ada", "account/external?return_url=%2Ftasks"));
        var profile = await browser.ReadProfileAsync();
        Assert.Equal(("ada", "Ada", "ada@example.org", "Admin", true), ((string?)profile["username"], (string?)profile["display_name"], (string?)profile["email"], (string?)profile["role"], (bool)profile["is_external"]!));
    }

    [Fact]
    public async Task Cases16_14_Callback_WithAnotherIssuerOrAgain_IsRefused()
    {
        await using var pair = await PairAsync();
        using var browser = new ProviderBrowser(pair.Server);
        var callback = await ToCallbackAsync(browser, pair, "ada", "account/external");
        Assert.Contains("iss=", callback.Query, StringComparison.Ordinal);
        await browser.RefusedAsync(ProviderBrowser.With(callback, "iss", "https://other.example"));
        await browser.RefusedAsync(callback);
        Assert.Equal(["wrong_response_issuer", "state_used"], await pair.Server.RefusalsAsync());
    }

    [Fact]
    public async Task Case20_StolenCode_IsRefusedByTheProofKey()
    {
        await using var pair = await PairAsync();
        using var victim = new ProviderBrowser(pair.Server);
        using var attacker = new ProviderBrowser(pair.Server);
        var stolen = System.Web.HttpUtility.ParseQueryString((await ToCallbackAsync(victim, pair, "ada", "account/external")).Query)["code"];
        await attacker.RefusedAsync(ProviderBrowser.With(await ToCallbackAsync(attacker, pair, "bob", "account/external"), "code", stolen));
        Assert.Equal(["invalid_grant"], await pair.Server.RefusalsAsync());
    }

    [Fact]
    public async Task Cases42_50_Refresh_RotatesTheTokenAndDemotes()
    {
        await using var pair = await PairAsync();
        // Another Admin: the last one is never demoted.
        await pair.Server.CreateAdminAsync();
        using var browser = new ProviderBrowser(pair.Server);
        await SignInAsync(browser, pair, "ada");
        await pair.Provider.SetAsync("""{"ada":{"roles":["staff"],"name":"Ada Lovelace"}}""");
        for (var round = 0; round < 2; round++)
        {
            await RefreshAsync(pair.Server);
            var profile = await browser.ReadProfileAsync();
            Assert.Equal(("User", "Ada Lovelace"), ((string?)profile["role"], (string?)profile["display_name"]));
        }
    }

    [Fact]
    public async Task Case44_SignOut_EndsTheSessionOfTheProvider()
    {
        await using var pair = await PairAsync();
        using var browser = new ProviderBrowser(pair.Server);
        await SignInAsync(browser, pair, "ada");
        var address = new Uri(await browser.SignOutAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
        Assert.Equal("/session/end", address.AbsolutePath);
        Assert.Equal("/sign-in?error=signed_out", (await browser.SubmitFormAsync(address, ("logout", "yes"))).PathAndQuery);
        // It asks for the name again.
        Assert.StartsWith("/interaction/", (await ToInteractionAsync(browser, pair, "account/external")).AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Case47_SignOutElsewhere_EndsOurSessionOverTheBackChannel()
    {
        await using var pair = await PairAsync();
        using var browser = new ProviderBrowser(pair.Server);
        using var other = new ProviderBrowser(pair.Server);
        await SignInAsync(browser, pair, "ada");
        await SignInAsync(other, pair, "ada");
        // At the provider itself, as another program of the organisation would do.
        await browser.SubmitFormAsync(new Uri(pair.Provider.Issuer + "/session/end"), ("logout", "yes"));
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
        Assert.Equal(HttpStatusCode.OK, await other.ProfileAsync());
    }

    [Fact]
    public async Task SwitchAccount_AsksTheProviderForAnother()
    {
        await using var pair = await PairAsync();
        using var browser = new ProviderBrowser(pair.Server);
        await SignInAsync(browser, pair, "ada");
        Assert.Equal("/", await SignInAsync(browser, pair, "bob", "account/external?switch=true"));
        Assert.Equal(("bob", "User"), ((string?)(await browser.ReadProfileAsync())["username"], (string?)(await browser.ReadProfileAsync())["role"]));
    }

    [Fact]
    public async Task Elevation_AsksTheProviderAfresh()
    {
        await using var pair = await PairAsync(hasPasswords: false);
        using var browser = new ProviderBrowser(pair.Server);
        await SignInAsync(browser, pair, "ada");
        var before = browser.Cookie;
        Assert.Contains("Confirm with localhost", await (await browser.GetAsync("account/elevate")).Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal("/tokens", await SignInAsync(browser, pair, "ada", "account/external/elevate?return_url=%2Ftokens"));
        Assert.NotEqual(before, browser.Cookie);
        // Somebody else shows who they are: the session is not theirs.
        Assert.StartsWith("/sign-in?error=provider_failed", await SignInAsync(browser, pair, "bob", "account/external/elevate"), StringComparison.Ordinal);
        Assert.Equal(["elevation_of_another"], await pair.Server.RefusalsAsync());
        // And the provider, which has signed the one out to sign the other in, has said so over the back channel.
        Assert.Equal(HttpStatusCode.Unauthorized, await browser.ProfileAsync());
    }

    private async Task<Pair> PairAsync(bool hasPasswords = true)
    {
        var port = CertifiedProvider.FreePort();
        var provider = await CertifiedProvider.StartAsync($"http://localhost:{port}");
        var server = await ProviderServer.StartAsync(
            provider.Issuer, HostileProvider.ClientId, HostileProvider.ClientSecret, postgres, settings => settings with { Scopes = ["openid", "profile", "email", "offline_access"] }, hasPasswords: hasPasswords, port: port);
        return new Pair(provider, server);
    }

    private static async Task<string> SignInAsync(ProviderBrowser browser, Pair pair, string name, string start = "account/external") =>
        (await browser.FollowAsync(await ToCallbackAsync(browser, pair, name, start))).PathAndQuery;

    /// <summary>Types a name where it is asked for, and goes on until the provider sends the browser back.</summary>
    private static async Task<Uri> ToCallbackAsync(ProviderBrowser browser, Pair pair, string name, string start)
    {
        var at = await browser.FollowAsync(new Uri(browser.Server, start));
        for (var steps = 0; at.Port != browser.Server.Port; steps++)
        {
            Assert.True(steps < 12, $"The provider goes round in circles, last at {at}.");
            // Another user than the one before: a page signs that one out by a script.
            at = await browser.TryFollowAsync(at)
                ?? (at.AbsolutePath.StartsWith("/auth/", StringComparison.Ordinal) ? await browser.SendFormAsync(at, ("logout", "yes")) : await browser.SubmitAsync(at, ("name", name)));
        }

        return at;
    }

    private static async Task<Uri> ToInteractionAsync(ProviderBrowser browser, Pair pair, string start)
    {
        var at = await browser.FollowAsync(new Uri(browser.Server, start));
        while (await browser.TryFollowAsync(at) is { } next)
        {
            at = next;
        }

        Assert.Equal(new Uri(pair.Provider.Issuer).Port, at.Port);
        return at;
    }

    private static async Task RefreshAsync(RunningServer server)
    {
        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        await using (var context = server.Services.GetRequiredService<HostDatabase>().CreateContext())
        {
            await context.Set<ExternalSession>().ExecuteUpdateAsync(set => set.SetProperty(found => found.RefreshAt, past), Token);
        }

        await server.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<ExternalRefresher>().Single().RefreshAsync(Token);
    }

    private sealed record Pair(CertifiedProvider Provider, RunningServer Server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Provider.DisposeAsync();
        }
    }
}
