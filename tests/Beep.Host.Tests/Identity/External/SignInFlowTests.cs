using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>Cases 1 to 11, 23 and 41: what this host asks of a provider. The numbers are those of the acceptance suite.</summary>
public sealed class SignInFlowTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Case01_Discovery_GivesTheEndpointsAndSignsIn()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        Assert.Equal("/", await browser.SignInAsync());
        var profile = await browser.ReadProfileAsync();
        Assert.Equal(("ada", "Ada", "ada@example.org", true, "Guest"), ((string?)profile["username"], (string?)profile["display_name"], (string?)profile["email"], (bool)profile["is_external"]!, (string?)profile["role"]));
        Assert.Equal("Sign in with 127.0.0.1", Between(await (await new ProviderBrowser(server).GetAsync("sign-in")).Content.ReadAsStringAsync(Token), "href=\"/account/external\">", "</a>"));
    }

    [Fact]
    public async Task Case02_OtherIssuerInTheDocument_IsRefused()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Document = document => document["issuer"] = "https://other.example";
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        Assert.StartsWith("/sign-in?error=provider_failed&id=", (await browser.FollowAsync(new Uri(browser.Server, "account/external"))).PathAndQuery, StringComparison.Ordinal);
        Assert.Equal(["issuer_mismatch"], await server.RefusalsAsync());
        Assert.Equal("issuer_mismatch", server.Services.GetRequiredService<ProviderDirectory>().Failure?.Reason);
    }

    [Theory]
    [InlineData("http://idp.example")]
    [InlineData("http://10.0.0.7:8080")]
    public void Case03_AuthorityWithoutHttpsElsewhere_IsRefusedAtTheStart(string authority)
    {
        using var home = new TemporaryFolder();
        var configuration = HostConfiguration.Load(new HostSurroundings
        {
            Variable = name => name switch
            {
                "BEEP_PYTHON_HOME" => home.Path,
                "ENABLE_IDENTITYSERVER_AUTH" => "true",
                "IDENTITYSERVER_AUTHORITY" => authority,
                "IDENTITYSERVER_CLIENT_ID" => "a",
                "IDENTITYSERVER_CLIENT_SECRET" => "b",
                _ => null,
            },
        });
        Assert.Contains(configuration.Faults, fault => fault.Code == "not_https" && fault.Where == "IDENTITYSERVER_AUTHORITY");
    }

    [Theory]
    [InlineData("down")]
    [InlineData("error")]
    [InlineData("html")]
    public async Task Case04_DiscoveryAwayAtTheStart_ServesAndSignsInOnceItIsBack(string kind)
    {
        await using var provider = await HostileProvider.StartAsync();
        const string path = "/.well-known/openid-configuration";
        provider.Instead[path] = kind switch { "down" => Results.StatusCode(503), "error" => Results.StatusCode(500), _ => Results.Text("<html>Maintenance</html>", "text/html") };
        var time = new ManualTime();
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: ProviderServer.LooksBy(time));
        using var browser = new ProviderBrowser(server);
        var refused = (await browser.FollowAsync(new Uri(browser.Server, "account/external"))).PathAndQuery;
        Assert.Matches("^/sign-in\\?error=provider_(away|failed)&id=[0-9a-f]{32}$", refused);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("health/ready")).StatusCode);
        provider.Instead.Clear();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("/", await browser.SignInAsync());
    }

    [Fact]
    public async Task Case06_FloodOfUnknownKeys_FetchesTheKeysOnceAnInterval()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: ProviderServer.LooksBy(new ManualTime()));
        provider.Header = header => header["kid"] = Guid.NewGuid().ToString("N");
        for (var i = 0; i < 10; i++)
        {
            using var browser = new ProviderBrowser(server);
            await browser.RefusedAsync();
        }

        Assert.Equal(2, provider.Calls["/keys"]);
        Assert.All(await server.RefusalsAsync(), reason => Assert.Equal("unknown_key", reason));
    }

    [Fact]
    public async Task Case06_AfterTheInterval_TheKeysAreFetchedAgain()
    {
        await using var provider = await HostileProvider.StartAsync();
        var time = new ManualTime();
        using var http = new ProviderHttp(new Uri(provider.Issuer), ProviderServer.Patience);
        using var directory = new ProviderDirectory(provider.Issuer, http, time);
        var first = await directory.GetAsync(Token);
        Assert.Empty((await directory.RenewAsync(first, Token)).Find("unknown"));
        // Whoever held a token against the ones before finds those that came since, and nobody has more fetched.
        var second = await directory.RenewAsync(first, Token);
        Assert.Same(second, await directory.RenewAsync(second, Token));
        Assert.Equal(2, directory.Fetches);
        time.Advance(ProviderDirectory.Interval);
        await directory.RenewAsync(second, Token);
        Assert.Equal(3, directory.Fetches);
        time.Advance(ProviderDirectory.Lifetime);
        await directory.GetAsync(Token);
        Assert.Equal(4, directory.Fetches);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Case07_NoKeyId_IsTakenIfOneKeyVerifies(int keys)
    {
        await using var provider = await HostileProvider.StartAsync();
        for (var i = 1; i < keys; i++)
        {
            provider.Published.Insert(0, new SigningKey($"more-{i}"));
        }

        provider.Header = header => header.Remove("kid");
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        Assert.Equal("/", await browser.SignInAsync());
    }

    [Fact]
    public async Task Case08_Request_HasCodeChallengeNonceStateAndRedirectFreshEachTime()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        for (var i = 0; i < 2; i++)
        {
            using var browser = new ProviderBrowser(server);
            await browser.SignInAsync();
        }

        var (first, second) = (provider.Requests[0], provider.Requests[1]);
        Assert.Equal(("code", "S256", HostileProvider.ClientId, $"{server.Address}signin-oidc", "openid profile email"), (first["response_type"], first["code_challenge_method"], first["client_id"], first["redirect_uri"], first["scope"]));
        foreach (var name in new[] { "state", "nonce", "code_challenge" })
        {
            Assert.Matches("^[\\w-]{43}$", first[name]);
            Assert.NotEqual(first[name], second[name]);
        }
    }

    [Fact]
    public async Task Case10_PushedRequests_AreUsedWhereTheyAreOffered()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Document = document =>
        {
            document["pushed_authorization_request_endpoint"] = $"{provider.Issuer}/par";
            document["require_pushed_authorization_requests"] = true;
        };
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        var asked = await browser.FollowAsync(new Uri(browser.Server, "account/external"));
        Assert.Equal(["client_id", "request_uri"], System.Web.HttpUtility.ParseQueryString(asked.Query).AllKeys.Order());
        Assert.Equal("/", (await browser.FollowAsync(await browser.FollowAsync(asked))).PathAndQuery);
        Assert.Equal(1, provider.Calls["/par"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Case23_SecretWithStrangeCharacters_IsEncodedAsTheStandardSays(bool takesBasic)
    {
        await using var provider = await HostileProvider.StartAsync();
        if (!takesBasic)
        {
            provider.Document = document => document["token_endpoint_auth_methods_supported"] = new JsonArray("client_secret_post");
        }

        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        if (takesBasic)
        {
            Assert.Equal($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("beep-tests:a%3Asecret%2Bwith%252F+strange%2Fcharacters"))}", provider.LastAuthorization);
            Assert.DoesNotContain("client_secret", provider.LastForm.Keys);
        }
        else
        {
            Assert.Equal((null, HostileProvider.ClientSecret), (provider.LastAuthorization, provider.LastForm["client_secret"]));
        }
    }

    private static string Between(string text, string before, string after)
    {
        var start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }
}
