using System.Text.RegularExpressions;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.External.Protocol;
using Beep.Host.Tests.Identity.External.Providers;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>Signing in with an organisation's provider in a real browser: oidc-provider, on another port of the loopback.</summary>
public sealed partial class ProviderTests(Chromium chromium, PostgresServer postgres)
{
    private const int Phone = 390;
    private const float Minute = 120_000;

    [Fact]
    public async Task SignIn_FromTheRoleToTheEndOverTheBackChannel_IsTheProviders()
    {
        await using var pair = await StartAsync(hasPasswords: true, hasProvider: true);
        var page = await chromium.OpenAsync(pair.Server.Address);
        await WithProviderAsync(page, "ada");
        Assert.Equal("Admin", await RoleAsync(page));
        await page.SeeAsync("Your organisation's provider keeps these.");
        await page.OpenPageAsync("/users");

        // Demoted there, and so here at the next sign-in, which asks nobody: the provider knows who it is.
        await pair.Provider!.SetAsync("""{"ada":{"roles":["staff"]}}""");
        await page.GotoAsync("/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Example Organisation" }).ClickAsync();
        await page.ArriveAsync($"{pair.Server.Address}");
        Assert.Equal("User", await RoleAsync(page));
        Assert.Equal(403, (await page.GotoAsync("/users"))!.Status);

        await page.GotoAsync("/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Use another account" }).ClickAsync();
        await NameAsync(page, "bob");
        // The provider signs the one out before it signs the other in.
        await page.ArriveAsync($"{pair.Server.Address}", Minute);
        await page.OpenPageAsync("/profile");
        await page.GetByRole(AriaRole.Heading, new() { Name = "bob" }).WaitForAsync();

        // Signed out at the provider by another of its programs: the page that is open here goes by itself.
        var elsewhere = await page.Context.NewPageAsync();
        await elsewhere.GotoAsync(pair.Provider.Issuer + "/session/end");
        await elsewhere.PressAsync("Sign out");
        await page.ArriveAsync("**/sign-in?error=session_ended**", Minute);
        await page.SeeAsync("Your session has ended");
        Assert.Equal(0, await page.GetByRole(AriaRole.Alert).CountAsync());
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task SignOut_Here_EndsThereTooAndSaysSo()
    {
        await using var pair = await StartAsync(hasPasswords: true, hasProvider: true);
        var page = await chromium.OpenAsync(pair.Server.Address);
        await WithProviderAsync(page, "ada");
        await page.GotoAsync("/account/sign-out");
        await page.PressAsync("Sign out");
        await page.ArriveAsync(url => url.StartsWith(pair.Provider!.Issuer, StringComparison.Ordinal));
        await page.PressAsync("Sign out");
        await page.ArriveAsync("**/sign-in?notice=signed_out");
        await page.GetByRole(AriaRole.Status).GetByText("You are signed out.").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Example Organisation" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "The provider" }).WaitForAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task LocalAdmin_LinksWithThePasswordAndThenConfirmsWithTheProvider()
    {
        await using var pair = await StartAsync(hasPasswords: true, hasProvider: true);
        var (_, name) = await pair.Server.CreateAdminAsync();
        var page = await chromium.OpenAsync(pair.Server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync("/profile");
        await page.GetByRole(AriaRole.Link, new() { Name = "Link with your account" }).ClickAsync();
        await page.ArriveAsync("**/account/elevate**");
        await page.GetByLabel("Password").FillAsync(RunningServer.Password);
        await page.PressAsync("Confirm");
        await NameAsync(page, "ada");
        await page.ArriveAsync("**/profile");
        await page.SettleAsync();
        await page.SeeAsync("Your organisation's provider keeps these.");
        await page.Context.CloseAsync();

        var other = await chromium.OpenAsync(pair.Server.Address);
        await WithProviderAsync(other, "ada");
        await other.OpenPageAsync("/profile");
        await other.GetByRole(AriaRole.Heading, new() { Name = name }).WaitForAsync();
        await other.OpenPageAsync("/tokens/new");
        await other.GetByLabel("Name", new() { Exact = true }).FillAsync("for a script");
        await other.GetByLabel("audit.read").CheckAsync();
        await other.PressAsync("Create token");
        await other.ArriveAsync("**/account/elevate**");
        await Accessibility.CheckAsync(other, "the page that asks who one is");
        Assert.Equal(0, await other.GetByLabel("Password").CountAsync());
        await other.GetByRole(AriaRole.Link, new() { Name = "Confirm with Example Organisation" }).ClickAsync();
        await NameAsync(other, "ada");
        await other.ArriveAsync("**/tokens/new");
        await other.Context.CloseAsync();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Switches_EachPairOfThem_ShowsWhatThereIsAndNothingElse(bool hasPasswords, bool hasProvider)
    {
        await using var pair = await StartAsync(hasPasswords, hasProvider);
        var (_, admin) = await pair.Server.CreateAdminAsync();
        foreach (var (isDark, width) in new[] { (false, 1440), (true, Phone) })
        {
            var sight = await chromium.OpenAsync(pair.Server.Address, isDark, width);
            foreach (var address in new[] { "/sign-in", "/sign-in?notice=signed_out", "/sign-in?error=provider_failed&id=0123456789abcdef0123456789abcdef" })
            {
                await sight.GotoAsync(address);
                await Accessibility.CheckAsync(sight, $"{address} with passwords {hasPasswords} and provider {hasProvider}");
            }

            await sight.Context.CloseAsync();
        }

        var page = await chromium.OpenAsync(pair.Server.Address);
        await page.GotoAsync("/sign-in");
        Assert.Equal(hasPasswords ? 1 : 0, await page.GetByLabel("Password").CountAsync());
        Assert.Equal(hasProvider ? 1 : 0, await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Example Organisation" }).CountAsync());
        Assert.Equal(hasPasswords ? 1 : 0, await page.GetByText("beep admin reset-password").CountAsync());
        if (hasPasswords)
        {
            await page.SignInAsync(admin, RunningServer.Password);
        }
        else
        {
            await WithProviderAsync(page, "ada");
        }

        await page.OpenPageAsync("/");
        var rail = await page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link).AllInnerTextsAsync();
        foreach (var (title, isThere) in new[] { ("Users", hasPasswords), ("Roles", hasPasswords), ("Groups", hasPasswords), ("Claims", hasProvider), ("Audit", true), ("Settings", true) })
        {
            Assert.True(rail.Any(text => text.Trim() == title) == isThere, $"{title} is {(isThere ? "not " : "")}in the navigation: {string.Join(", ", rail)}");
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Account" }).ClickAsync();
        await page.GetByText("Sign out").WaitForAsync();
        Assert.Equal(hasPasswords ? 1 : 0, await page.GetByText("Change password").CountAsync());
        await page.Keyboard.PressAsync("Escape");
        foreach (var (path, isThere) in new[] { ("/users", hasPasswords), ("/roles", hasPasswords), ("/groups", hasPasswords), ("/account/password", hasPasswords), ("/settings/claims", hasProvider), ("/audit", true) })
        {
            Assert.Equal((path, isThere ? 200 : 404), (path, (await page.GotoAsync(path))!.Status));
        }

        Assert.Equal(hasProvider ? 302 : 404, (await page.APIRequest.GetAsync($"{pair.Server.Address}account/external", new() { MaxRedirects = 0 })).Status);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Switches_BothOff_KeepTheServerFromStartingAndSayWhy()
    {
        using var home = new TemporaryFolder();
        var result = await BeepProgram.RunWithAsync(new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path, ["ENABLE_INTERNAL_USER_MGMT"] = "false", ["ENABLE_IDENTITYSERVER_AUTH"] = "false" }, "serve");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("ENABLE_INTERNAL_USER_MGMT and ENABLE_IDENTITYSERVER_AUTH are both false, so nobody could sign in.", result.Error + result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProviderAwayAtTheStart_EmergencyLinkLetsInAndSignInRecoversByItself()
    {
        Assert.SkipUnless(Chromium.IsInstalled, Chromium.Missing);
        Assert.SkipUnless(CertifiedProvider.IsInstalled, CertifiedProvider.Missing);
        using var home = new TemporaryFolder();
        var (port, providerPort) = (ServerProcess.HoldPort(), ServerProcess.HoldPort());
        var environment = new Dictionary<string, string>
        {
            ["BEEP_PYTHON_HOME"] = home.Path,
            ["BEEP_ADMIN_PASSWORD"] = RunningServer.Password,
            ["PUBLIC_URL"] = $"http://localhost:{port}",
            ["ENABLE_INTERNAL_USER_MGMT"] = "false",
            ["ENABLE_IDENTITYSERVER_AUTH"] = "true",
            ["IDENTITYSERVER_AUTHORITY"] = $"http://localhost:{providerPort}",
            ["IDENTITYSERVER_CLIENT_ID"] = TestClient.Id,
            ["IDENTITYSERVER_CLIENT_SECRET"] = TestClient.Secret,
            ["IDENTITYSERVER_ROLE_MAP"] = "admins=Admin",
            ["IDENTITYSERVER_NAME"] = "Example Organisation",
        };
        Assert.Equal(0, (await BeepProgram.RunWithAsync(environment, "admin", "create")).ExitCode);
        await using var server = await ServerProcess.StartAsync(home.Path, environment, port);
        using var client = new HttpClient { BaseAddress = server.Address };
        Assert.Equal("""{"status":"degraded","faults":{"sign_in_provider":"provider_unreachable"}}""", await client.GetStringAsync("health/ready", TestContext.Current.CancellationToken));

        var page = await chromium.OpenAsync(server.Address);
        await page.GotoAsync("/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Example Organisation" }).ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByText("does not answer").WaitForAsync();
        Assert.Matches(CorrelationId(), await page.GetByRole(AriaRole.Alert).InnerTextAsync());
        await Accessibility.CheckAsync(page, "the refusal");

        var link = Link().Match((await BeepProgram.RunWithAsync(environment, "admin", "break-glass")).Output).Value;
        await page.GotoAsync(link);
        await page.ArriveAsync($"{server.Address}");
        await page.SeeAsync("You are in by a one-time link.");
        await page.OpenPageAsync("/audit");
        await page.SeeAsync("You are in by a one-time link.");
        await Accessibility.CheckAsync(page, "the way in for emergencies");
        // Once.
        var second = await chromium.OpenAsync(server.Address);
        await second.GotoAsync(link);
        await second.ArriveAsync("**/sign-in?error=bad_link**");
        await Accessibility.CheckAsync(second, "a used link");

        await using var provider = await CertifiedProvider.StartAsync(new ProviderWish($"http://localhost:{port}") { Port = providerPort });
        await WithProviderAsync(second, "ada");
        Assert.Equal("Admin", await RoleAsync(second));
        Assert.Equal("""{"status":"ok"}""", await client.GetStringAsync("health/ready", TestContext.Current.CancellationToken));
        Assert.Equal(0, await second.GetByText("You are in by a one-time link.").CountAsync());
        Assert.Equal(0, await server.StopAsync());
        Assert.DoesNotContain(TestClient.Secret, server.Output, StringComparison.Ordinal);
    }

    private async Task<Pair> StartAsync(bool hasPasswords, bool hasProvider)
    {
        Assert.SkipUnless(Chromium.IsInstalled, Chromium.Missing);
        var port = ServerProcess.HoldPort();
        var provider = hasProvider ? await CertifiedProvider.StartAsync(new ProviderWish($"http://localhost:{port}")) : null;
        var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with
        {
            Port = port,
            EnableInternalUsers = hasPasswords,
            EnableIdentityServer = hasProvider,
            IdentityServer = provider is null ? options.IdentityServer : new IdentityServerOptions
            {
                Authority = new Uri(provider.Issuer),
                ClientId = TestClient.Id,
                ClientSecret = new SecretText(TestClient.Secret),
                Scopes = ["openid", "profile", "email"],
                RoleMap = new Dictionary<string, string> { ["admins"] = "Admin", ["staff"] = "User" },
                Name = "Example Organisation",
            },
        }, services => services.AddSingleton(provider => new ProviderHttp(provider.GetRequiredService<HostOptions>().IdentityServer.Authority ?? new Uri("http://localhost"), TimeSpan.FromMinutes(2))));
        // The last Admin is never demoted: there is another one.
        await server.CreateAdminAsync();
        return new Pair(provider, server);
    }

    /// <summary>From the sign-in page through the provider's and back.</summary>
    private static async Task WithProviderAsync(IPage page, string name)
    {
        await page.GotoAsync("/sign-in");
        var here = new Uri(page.Url).GetLeftPart(UriPartial.Authority);
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Example Organisation" }).ClickAsync();
        await NameAsync(page, name);
        await page.ArriveAsync($"{here}/");
    }

    private static async Task NameAsync(IPage page, string name)
    {
        await page.GetByRole(AriaRole.Heading, new() { Name = "The provider" }).WaitForAsync();
        await page.GetByLabel("Name").FillAsync(name);
        await page.PressAsync("Continue");
    }

    private static async Task<string> RoleAsync(IPage page)
    {
        await page.OpenPageAsync("/profile");
        return await page.Locator("dl.facts dd").First.InnerTextAsync();
    }

    [GeneratedRegex(@"http://\S+/sign-in/link#\S+")]
    private static partial Regex Link();

    [GeneratedRegex("Its number in the server's log is [0-9a-f]{32}")]
    private static partial Regex CorrelationId();

    private sealed record Pair(CertifiedProvider? Provider, RunningServer Server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }
        }
    }
}
