using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity;
using Beep.Host.Identity.Groups;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity.External;

/// <summary>The provider beside and instead of users of this host: linking, switching off, health, and its tokens for programs.</summary>
public sealed class ProviderModeTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Link_OfALocalAdmin_KeepsTheUserAndTheWayBack()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        var (id, name) = await server.CreateAdminAsync();
        provider.Claims = claims => claims["roles"] = new JsonArray("admins");
        using var browser = new ProviderBrowser(server);
        await browser.PasswordAsync(name, RunningServer.Password);
        // Not without the password again.
        Assert.StartsWith("/account/elevate", (await browser.FollowAsync(new Uri(server.Address, "account/external/link"))).PathAndQuery, StringComparison.Ordinal);
        await browser.ElevateAsync(RunningServer.Password);
        Assert.Equal("/profile", await browser.SignInAsync("account/external/link"));
        using var again = new ProviderBrowser(server);
        await again.SignInAsync();
        Assert.Equal((id, name), ((long)(await again.ReadProfileAsync())["id"]!, (string?)(await again.ReadProfileAsync())["username"]));
        // A password that somebody else has set anew is to be changed by who signs in with it, and by nobody else.
        await using (var context = server.Services.GetRequiredService<HostDatabase>().CreateContext())
        {
            await context.Set<User>().Where(user => user.Id == id).ExecuteUpdateAsync(set => set.SetProperty(user => user.MustChangePassword, true), Token);
        }

        await again.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("api/v1/tasks")).StatusCode);
        using var local = new ProviderBrowser(server);
        await local.PasswordAsync(name, RunningServer.Password);
        Assert.Equal(HttpStatusCode.OK, await local.ProfileAsync());
        Assert.Equal(HttpStatusCode.Forbidden, (await local.GetAsync("api/v1/tasks")).StatusCode);
    }

    [Fact]
    public async Task Link_OfAnAccountThatIsSomebodysOrByAnotherSession_IsRefused()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using (var first = new ProviderBrowser(server))
        {
            await first.SignInAsync();
        }

        var (_, name) = await server.CreateAdminAsync();
        using var browser = new ProviderBrowser(server);
        await browser.PasswordAsync(name, RunningServer.Password);
        await browser.ElevateAsync(RunningServer.Password);
        Assert.StartsWith("/sign-in?error=provider_failed", await browser.SignInAsync("account/external/link"), StringComparison.Ordinal);
        provider.Subject = "subject-2";
        var callback = await browser.ToCallbackAsync("account/external/link");
        await browser.SignOutAsync(isExternal: false);
        Assert.StartsWith("/sign-in?error=provider_failed", (await browser.FollowAsync(callback)).PathAndQuery, StringComparison.Ordinal);
        // Nor by the session of another user who has shown a password in the same browser meanwhile.
        await browser.PasswordAsync(name, RunningServer.Password);
        await browser.ElevateAsync(RunningServer.Password);
        callback = await browser.ToCallbackAsync("account/external/link");
        var (_, next) = await server.CreateAdminAsync();
        await browser.PasswordAsync(next, RunningServer.Password);
        await browser.ElevateAsync(RunningServer.Password);
        Assert.StartsWith("/sign-in?error=provider_failed", (await browser.FollowAsync(callback)).PathAndQuery, StringComparison.Ordinal);
        Assert.Equal(["linked_already", "link_of_another", "link_of_another"], await server.RefusalsAsync());
    }

    [Fact]
    public async Task Link_ToAnAccountWhosePasswordWasNotAskedAgain_IsRefused()
    {
        // Whose sign-in at the provider it is that still lies in a browser, nobody knows.
        await using var provider = await HostileProvider.StartAsync();
        provider.IgnoresFreshness = true;
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        var (_, name) = await server.CreateAdminAsync();
        using var browser = new ProviderBrowser(server);
        await browser.PasswordAsync(name, RunningServer.Password);
        await browser.ElevateAsync(RunningServer.Password);
        Assert.StartsWith("/sign-in?error=provider_failed", await browser.SignInAsync("account/external/link"), StringComparison.Ordinal);
        Assert.Equal(("login", "0"), (provider.Requests[^1]["prompt"], provider.Requests[^1]["max_age"]));
        Assert.Equal(["not_fresh"], await server.RefusalsAsync());
        Assert.Empty(await server.ExternalUsersAsync());
    }

    [Fact]
    public async Task SigningOut_WhileTheProviderIsSilent_EndsTheSessionFirst()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        using var release = new ManualResetEventSlim();
        provider.Document = _ => release.Wait(ProviderServer.Patience, CancellationToken.None);
        await using var twin = await server.StartTwinAsync();
        using var leaves = new ProviderBrowser(twin, browser.CookieHeader);
        var leaving = leaves.TrySignOutAsync();
        while (await SessionsAsync() > 0 && !leaving.IsCompleted)
        {
            await Task.Delay(100, Token);
        }

        Assert.Equal(0, await SessionsAsync());
        Assert.False(leaving.IsCompleted);
        release.Set();
        await leaving;

        async Task<int> SessionsAsync()
        {
            await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
            return await context.Set<Session>().CountAsync(Token);
        }
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("beep", 0)]
    public void Audience_ThatIsTheClientItself_NeedsAScope(string? scope, int faults)
    {
        using var home = new TemporaryFolder();
        var configuration = HostConfiguration.Load(new HostSurroundings
        {
            Variable = name => name switch
            {
                "BEEP_PYTHON_HOME" => home.Path,
                "ENABLE_IDENTITYSERVER_AUTH" => "true",
                "IDENTITYSERVER_AUTHORITY" => "https://login.example.org",
                "IDENTITYSERVER_CLIENT_ID" or "IDENTITYSERVER_API_AUDIENCE" => "beep",
                "IDENTITYSERVER_CLIENT_SECRET" => "a",
                "IDENTITYSERVER_API_SCOPE" => scope,
                _ => null,
            },
        });
        Assert.Equal(faults, configuration.Faults.Count(fault => fault.Where == "IDENTITYSERVER_API_SCOPE"));
    }

    [Fact]
    public async Task ProviderAlone_TakesEveryOtherWayAwayButTheEmergencyLink()
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, hasPasswords: false);
        // As the setup leaves it: there is no page any more to change the password on.
        var (id, _) = await server.CreateAdminAsync(mustChangePassword: true);
        using var browser = new ProviderBrowser(server);
        var page = await (await browser.GetAsync("sign-in")).Content.ReadAsStringAsync(Token);
        Assert.DoesNotContain("type=\"password\"", page, StringComparison.Ordinal);
        using var admin = await server.CreateAdminClientAsync();
        foreach (var path in new[] { "account/password", "users", "roles", "groups", "api/v1/users", "api/v1/roles", "api/v1/groups" })
        {
            using var answer = await admin.GetAsync(path, Token);
            Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{path} answered with {(int)answer.StatusCode}.");
        }

        foreach (var path in new[] { "account/sign-in", "account/elevate", "account/password" })
        {
            using var answer = await admin.PostAsync(path, new FormUrlEncodedContent([KeyValuePair.Create("username", "a"), KeyValuePair.Create("password", "b")]), Token);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.BadRequest, $"{path} answered with {(int)answer.StatusCode}.");
        }

        provider.Instead["/.well-known/openid-configuration"] = Results.StatusCode(503);
        var token = await server.Services.GetRequiredService<SignInLinkService>().CreateAsync(id, TimeSpan.FromMinutes(15), Token);
        await browser.LinkAsync(token);
        Assert.Equal(HttpStatusCode.OK, await browser.ProfileAsync());
        Assert.Contains("You are in by a one-time link.", await (await browser.GetAsync("")).Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("api/v1/audit")).StatusCode);
    }

    [Fact]
    public async Task Health_WhileTheProviderIsAway_IsDegradedAndRecovers()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Instead["/.well-known/openid-configuration"] = Results.StatusCode(503);
        var time = new ManualTime();
        await using var server = await ProviderServer.StartAsync(provider, postgres, configure: ProviderServer.LooksBy(time));
        using var client = server.CreateClient();
        Assert.Equal("""{"status":"degraded","faults":{"sign_in_provider":"provider_unreachable"}}""", await client.GetStringAsync("health/ready", Token));
        provider.Instead.Clear();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("""{"status":"ok"}""", await client.GetStringAsync("health/ready", Token));
    }

    [Theory]
    [InlineData("right", HttpStatusCode.OK)]
    [InlineData("audience", HttpStatusCode.Unauthorized)]
    [InlineData("issuer", HttpStatusCode.Unauthorized)]
    [InlineData("scope", HttpStatusCode.Unauthorized)]
    [InlineData("expired", HttpStatusCode.Unauthorized)]
    [InlineData("not_yet", HttpStatusCode.Unauthorized)]
    [InlineData("of_the_future", HttpStatusCode.Unauthorized)]
    [InlineData("signature", HttpStatusCode.Unauthorized)]
    [InlineData("id_token", HttpStatusCode.Unauthorized)]
    [InlineData("logout", HttpStatusCode.Unauthorized)]
    [InlineData("off", HttpStatusCode.Unauthorized)]
    public async Task Bearer_OfTheProvider_IsTakenForTheAudienceAndScopeAlone(string variant, HttpStatusCode expected)
    {
        await using var provider = await HostileProvider.StartAsync();
        await using var server = await ProviderServer.StartAsync(provider, postgres, settings => variant == "off" ? settings : settings with { ApiAudience = "beep-api", ApiScope = "beep" });
        var claims = provider.IdClaims("");
        claims.Remove("nonce");
        (claims["aud"], claims["scope"], claims["roles"]) = ("beep-api", "openid beep", new JsonArray("admins"));
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = provider.Key.Id, ["typ"] = "at+jwt" };
        switch (variant)
        {
            case "audience":
                claims["aud"] = HostileProvider.ClientId;
                break;
            case "issuer":
                claims["iss"] = "https://other.example";
                break;
            case "scope":
                claims["scope"] = "openid beepx";
                break;
            case "expired":
                claims["exp"] = HostileProvider.Now - 100;
                break;
            case "not_yet":
                claims["nbf"] = HostileProvider.Now + 90;
                break;
            case "of_the_future":
                claims["iat"] = HostileProvider.Now + 90;
                break;
            case "signature":
                provider.Sign = new SigningKey("x").Sign;
                break;
            case "id_token":
                claims["nonce"] = "n";
                break;
            case "logout":
                header["typ"] = "logout+jwt";
                break;
            default:
                break;
        }

        using var client = server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", provider.MakeToken(claims, header));
        using var answer = await client.GetAsync("api/v1/profile", Token);
        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.OK)
        {
            Assert.Equal("Admin", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["user"]!["role"]);
            // No token makes tokens, and none counts as freshly signed in.
            using var made = await client.PostAsync("api/v1/tokens", JsonContent.Create(new { name = "more", scopes = new[] { "audit.read" } }), Token);
            Assert.Equal(HttpStatusCode.Forbidden, made.StatusCode);
        }
    }

    [Fact]
    public async Task Groups_ThatTheMapNames_AreFilledAndEmptiedByTheProviderAndOthersLeftAlone()
    {
        await using var provider = await HostileProvider.StartAsync();
        provider.Claims = claims => claims["groups"] = new JsonArray("team-a", "team-b");
        await using var server = await ProviderServer.StartAsync(provider, postgres, settings => settings with { GroupMap = new Dictionary<string, string> { ["team-a"] = "Research", ["team-c"] = "Sales" } });
        var groups = server.Services.GetRequiredService<GroupService>();
        var research = await groups.CreateAsync(Grantor.CommandLine, new NewGroup { Name = "Research" }, Token);
        var own = await groups.CreateAsync(Grantor.CommandLine, new NewGroup { Name = "Own" }, Token);
        using var browser = new ProviderBrowser(server);
        await browser.SignInAsync();
        var user = (await server.ExternalUsersAsync()).Single();
        await groups.AddMemberAsync(Grantor.CommandLine, own.Id, user.Id, Token);
        Assert.Equal([user.Id], await MembersAsync(research.Id));
        provider.Claims = _ => { };
        await browser.SignInAsync();
        Assert.Empty(await MembersAsync(research.Id));
        Assert.Equal([user.Id], await MembersAsync(own.Id));

        async Task<IEnumerable<long>> MembersAsync(long id) => (await groups.ListMembersAsync(id, new PageRequest(), Token)).Items.Select(member => member.UserId);
    }
}
