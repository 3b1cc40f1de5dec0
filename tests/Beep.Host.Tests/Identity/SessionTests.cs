using System.Net;
using Beep.Host.Audit;
using Beep.Host.Identity;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Sessions;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Tests.Identity;

public sealed class SessionTests(PostgresServer server)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task SignIn_Cookie_IsARandomIdOfWhichOnlyTheHashIsKept(string kind)
    {
        await using var app = await IdentityApp.StartAsync(server, kind);
        using var browser = app.Open();
        using var answer = await browser.SubmitAsync("/account/sign-in", ("username", "ROOT"), ("password", IdentityApp.Password), ("return_url", "/page?x=1"));
        Assert.Equal("/page?x=1", answer.Headers.Location?.OriginalString);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(line => line.StartsWith("beep=", StringComparison.Ordinal));
        Assert.Matches("^beep=[A-Za-z0-9_-]{43}; path=/; samesite=lax; httponly$", cookie);
        Assert.Equal(HttpStatusCode.OK, await browser.StatusAsync("/page"));
        await using var context = app.CreateContext();
        var session = await context.Set<Session>().SingleAsync(Token);
        Assert.Equal(SessionSecret.Hash(browser.Cookie!), session.SecretHash);
        Assert.DoesNotContain(System.Text.Encoding.ASCII.GetBytes(browser.Cookie!), session.Ticket);
        var row = Assert.Single(await app.AuditAsync("signed_in"));
        Assert.Equal((AuditActorKind.User, session.Id, """{"name":"root","reason":"password"}"""), (row.ActorKind, row.ResourceId, row.Details));
        Assert.Equal(app.Time.GetUtcNow(), (await context.Set<User>().SingleAsync(Token)).LastLoginAt);
    }

    [Fact]
    public async Task SignIn_OnHttps_TakesTheHostPrefixAndIsSecure()
    {
        await using var app = await IdentityApp.StartAsync(server, change: options => options with { PublicUrl = new Uri("https://beep.example") });
        var cookie = app.Get<Microsoft.Extensions.Options.IOptionsMonitor<Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationOptions>>().Get("beep-session").Cookie;
        Assert.Equal(("__Host-beep", Microsoft.AspNetCore.Http.CookieSecurePolicy.Always, true, "/", null), (cookie.Name, cookie.SecurePolicy, cookie.HttpOnly, cookie.Path, cookie.Domain));
    }

    [Fact]
    public async Task SignIn_BrowserWithAChosenOrOldId_GetsAnotherAndTheOldOneEnds()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada");
        using var browser = app.Open();
        var chosen = SessionSecret.Create();
        browser.Cookie = chosen;
        await browser.SignInAsync("ada");
        var first = browser.Cookie;
        Assert.NotEqual(chosen, first);
        await browser.SignInAsync(IdentityApp.AdminName);
        var second = browser.Cookie;
        Assert.NotEqual(first, second);
        foreach (var old in new[] { chosen, first })
        {
            using var thief = app.Open();
            thief.Cookie = old;
            Assert.Equal("401 not_signed_in", await thief.RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
        }

        Assert.Equal("root", (string?)(await browser.CallAsync(HttpMethod.Get, "/api/v1/profile")).Body!["user"]!["username"]);
    }

    [Fact]
    public async Task SignOut_CopiedCookie_IsRefused()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await app.SignInAsync();
        using var copy = app.Open();
        copy.Cookie = browser.Cookie;
        Assert.Equal(HttpStatusCode.OK, await copy.StatusAsync("/page"));
        using var answer = await browser.SubmitAsync("/account/sign-out");
        Assert.Equal("/sign-in?notice=signed_out", answer.Headers.Location?.OriginalString);
        Assert.Null(browser.Cookie);
        Assert.Equal("401 not_signed_in", await copy.RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
        Assert.Single(await app.AuditAsync("signed_out"));
    }

    [Fact]
    public async Task Elevation_NeededAndShown_LastsTenMinutesUnderANewId()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await app.SignInAsync();
        var role = new { name = "Readers", permissions = new[] { "llm:view" } };
        Assert.Equal("403 elevation_required", await browser.RefusalAsync(HttpMethod.Post, "/api/v1/roles", role));
        using (var wrong = await browser.SubmitAsync("/account/elevate", ("password", "not the one at all")))
        {
            Assert.Equal("/account/elevate?error=bad_credentials", wrong.Headers.Location?.OriginalString);
        }

        var before = browser.Cookie;
        await browser.ElevateAsync();
        Assert.NotEqual(before, browser.Cookie);
        Assert.Equal("201", await browser.RefusalAsync(HttpMethod.Post, "/api/v1/roles", role));
        using var copy = app.Open();
        copy.Cookie = before;
        Assert.Equal("401 not_signed_in", await copy.RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
        app.Time.Advance(SessionLimits.Elevation);
        Assert.Equal("403 elevation_required", await browser.RefusalAsync(HttpMethod.Post, "/api/v1/roles", role));
    }

    [Theory]
    [InlineData(SystemRoles.User, 8 * 60, 24 * 60)]
    [InlineData(SystemRoles.Admin, 30, 8 * 60)]
    public async Task Session_IdleOrOld_Ends(string role, int idleMinutes, int absoluteMinutes)
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada", role);
        using var idle = await app.SignInAsync("ada");
        app.Time.Advance(TimeSpan.FromMinutes(idleMinutes) - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await idle.StatusAsync("/page"));
        app.Time.Advance(TimeSpan.FromMinutes(idleMinutes));
        Assert.Equal(HttpStatusCode.Redirect, await idle.StatusAsync("/page"));

        using var busy = await app.SignInAsync("ada");
        var step = TimeSpan.FromMinutes(idleMinutes - 1);
        for (var passed = step; passed < TimeSpan.FromMinutes(absoluteMinutes); passed += step)
        {
            app.Time.Advance(step);
            Assert.Equal(HttpStatusCode.OK, await busy.StatusAsync("/page"));
        }

        app.Time.Advance(step);
        Assert.Equal(HttpStatusCode.Redirect, await busy.StatusAsync("/page"));
    }

    [Fact]
    public async Task Session_EndedByAnotherHost_IsRefusedWithinAMinute()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await using var other = await app.StartSecondAsync();
        using var browser = await app.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await browser.StatusAsync("/page"));
        var session = Assert.Single(await app.Get<SessionService>().ListAsync(1, Token));
        await other.Get<SessionService>().EndAsync(session.Id, AuditActors.System, "test", Token);
        app.Time.Advance(SessionLimits.Recheck);
        Assert.Equal(HttpStatusCode.Redirect, await browser.StatusAsync("/page"));
    }

    [Fact]
    public async Task Session_Revoked_ClosesItsStreamsAtOnceAndThoseOfAnotherHostAtTheNextSweep()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await using var other = await app.StartSecondAsync();
        using var browser = await app.SignInAsync();
        using var abroad = other.Open();
        abroad.Cookie = browser.Cookie;
        await using var here = await OpenStreamAsync(browser);
        await using var there = await OpenStreamAsync(abroad);
        var session = Assert.Single(await app.Get<SessionService>().ListAsync(1, Token));
        await app.Get<SessionService>().EndAsync(session.Id, AuditActors.System, "test", Token);
        await Assert.ThrowsAnyAsync<Exception>(async () => await ReadToEndAsync(here));
        await other.Services.GetServices<IHostedService>().OfType<SessionSweeper>().Single().SweepAsync(Token);
        await Assert.ThrowsAnyAsync<Exception>(async () => await ReadToEndAsync(there));
    }

    [Fact]
    public async Task SignIn_TheEleventh_EndsTheOldest()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var browsers = new List<Browser>();
        for (var i = 0; i <= SessionLimits.MostPerUser; i++)
        {
            browsers.Add(await app.SignInAsync());
            app.Time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal("401 not_signed_in", await browsers[0].RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
        var (_, list) = await browsers[^1].CallAsync(HttpMethod.Get, "/api/v1/sessions");
        Assert.Equal(SessionLimits.MostPerUser, list!.AsArray().Count);
        Assert.True((bool)list[0]!["is_current"]!);
        browsers.ForEach(browser => browser.Dispose());
    }

    [Fact]
    public async Task Sessions_OfOthers_AreThereForWhoManagesUsersOnly()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada");
        await app.CreateUserAsync("eve");
        using var ada = await app.SignInAsync("ada");
        using var eve = await app.SignInAsync("eve");
        using var root = await app.SignInAsync();
        var id = (string)(await ada.CallAsync(HttpMethod.Get, "/api/v1/sessions")).Body![0]!["id"]!;
        Assert.Equal("404 no_session", await eve.RefusalAsync(HttpMethod.Delete, $"/api/v1/sessions/{id}"));
        Assert.Equal("204", await root.RefusalAsync(HttpMethod.Delete, $"/api/v1/sessions/{id}"));
        Assert.Equal("401 not_signed_in", await ada.RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
    }

    [Fact]
    public async Task LastSeen_ManyRequests_IsWrittenOnceAMinute()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await app.SignInAsync();
        var started = app.Time.GetUtcNow();
        for (var i = 0; i < 5; i++)
        {
            app.Time.Advance(TimeSpan.FromSeconds(11));
            await browser.StatusAsync("/page");
        }

        Assert.Equal(started, (await app.Get<SessionService>().ListAsync(1, Token))[0].LastSeenAt);
        app.Time.Advance(SessionLimits.Recheck);
        await browser.StatusAsync("/page");
        Assert.Equal(app.Time.GetUtcNow(), (await app.Get<SessionService>().ListAsync(1, Token))[0].LastSeenAt);
    }

    [Fact]
    public async Task Deactivation_OfAUser_EndsSessionsAtOnce()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var id = await app.CreateUserAsync("ada");
        using var browser = await app.SignInAsync("ada");
        Assert.Equal(HttpStatusCode.OK, await browser.StatusAsync("/page"));
        await app.Get<UserService>().DeactivateAsync(Grantor.System, id, Token);
        Assert.Equal(HttpStatusCode.Redirect, await browser.StatusAsync("/page"));
        using var again = await browser.SubmitAsync("/account/sign-in", ("username", "ada"), ("password", IdentityApp.Password));
        Assert.Equal("/sign-in?error=bad_credentials", again.Headers.Location?.OriginalString);
    }

    private static async Task<Stream> OpenStreamAsync(Browser browser)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/ticks");
        request.Headers.Add("Accept", "text/event-stream");
        var answer = await browser.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        var stream = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(Token);
        Assert.Equal(9, await stream.ReadAtLeastAsync(new byte[9], 9, cancellationToken: Token));
        return stream;
    }

    private static async Task ReadToEndAsync(Stream stream)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[1], limit.Token));
            throw new IOException("Ended without an error.");
        }
        catch (OperationCanceledException)
        {
            Assert.Fail("The stream stayed open.");
        }
    }
}
