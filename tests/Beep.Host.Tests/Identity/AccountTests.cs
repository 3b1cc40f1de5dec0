using System.Net;
using Beep.Host.Identity.Access;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity;

public sealed class AccountTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/", true)]
    [InlineData("/jobs?state=running&page=2", true)]
    [InlineData("/a%0d%0ab", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("jobs", false)]
    [InlineData("//evil.example", false)]
    [InlineData("/\\evil.example", false)]
    [InlineData("\\\\evil.example", false)]
    [InlineData("/jobs\\..\\", false)]
    [InlineData("https://evil.example/", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("/jobs\r\nSet-Cookie: a=b", false)]
    [InlineData("/\t/evil.example", false)]
    [InlineData(" /jobs", false)]
    [InlineData("/jöbs", false)]
    public void LocalUrls_Table_IsHeeded(string? url, bool isLocal) => Assert.Equal((isLocal, isLocal ? url : "/"), (LocalUrls.IsLocal(url), LocalUrls.OrHome(url)));

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example/")]
    public async Task SignIn_ReturnUrlThatLeadsElsewhere_GoesHome(string url)
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = app.Open();
        using var answer = await browser.SubmitAsync("/account/sign-in", ("username", "root"), ("password", IdentityApp.Password), ("return_url", url));
        Assert.Equal("/", answer.Headers.Location?.OriginalString);
        using var refused = await browser.SubmitAsync("/account/sign-in", ("username", "root"), ("password", "wrong wrong wrong"), ("return_url", url));
        Assert.Equal("/sign-in?error=bad_credentials", refused.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task Pages_NotSignedIn_AskToSignInAndComeBack()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = app.Open();
        using var answer = await browser.GetAsync("/page?x=1");
        Assert.Equal("/sign-in?return_url=%2Fpage%3Fx%3D1", answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task SignIn_UnknownUserOrWrongPassword_AreTheSameAndKeptWithoutWhatWasTyped()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada");
        using var browser = app.Open();
        foreach (var (name, password) in new[] { ("nobody-typed-secret", IdentityApp.Password), ("ada", "typed-secret-words"), ("ad\u00e4", "x"), ("", "") })
        {
            using var answer = await browser.SubmitAsync("/account/sign-in", ("username", name), ("password", password), ("return_url", "/page"));
            Assert.Equal((HttpStatusCode.Redirect, "/sign-in?error=bad_credentials&return_url=%2Fpage"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
            Assert.Null(browser.Cookie);
        }

        var rows = await app.AuditAsync("sign_in_refused");
        Assert.Equal(["""{"reason":"unknown_user"}""", """{"name":"ada","reason":"wrong_password"}""", """{"reason":"unknown_user"}""", """{"reason":"unknown_user"}"""], rows.Select(row => row.Details));
        Assert.All(rows, row => Assert.Equal(Beep.Host.Audit.AuditOutcome.Refused, row.Outcome));
    }

    [Fact]
    public async Task SignIn_AfterFiveFailures_IsAnswered429WithRetryAfterUntilTheDelayIsOver()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = app.Open();
        for (var i = 0; i < SignInThrottle.FreeFailures; i++)
        {
            using var refused = await browser.SubmitAsync("/account/sign-in", ("username", "root"), ("password", $"wrong password {i}"));
            Assert.Equal(HttpStatusCode.Redirect, refused.StatusCode);
        }

        using var delayed = await browser.SubmitAsync("/account/sign-in", ("username", "root"), ("password", IdentityApp.Password));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (delayed.StatusCode, delayed.Headers.RetryAfter?.Delta));
        Assert.Contains("/sign-in?error=sign_in_delayed&amp;retry_after=1", await delayed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Single(await app.AuditAsync("sign_in_throttled"));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await browser.SignInAsync("root");
    }

    [Theory]
    [InlineData("/account/sign-in")]
    [InlineData("/account/link")]
    public async Task Forms_WithoutTheAntiforgeryToken_AreRefused(string path)
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = app.Open();
        using var answer = await browser.SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent([KeyValuePair.Create("username", "root"), KeyValuePair.Create("password", IdentityApp.Password), KeyValuePair.Create("token", "x")]));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(browser.Cookie);
    }

    [Theory]
    [InlineData("/account/sign-out")]
    [InlineData("/account/elevate")]
    [InlineData("/account/password")]
    public async Task Forms_OfTheSignedInWithoutTheAntiforgeryToken_AreRefused(string path)
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await app.SignInAsync();
        var cookie = browser.Cookie;
        using var answer = await browser.SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent([KeyValuePair.Create("password", IdentityApp.Password)]));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(cookie, browser.Cookie);
        Assert.Equal(HttpStatusCode.OK, await browser.StatusAsync("/page"));
    }

    [Fact]
    public async Task MustChangePassword_Set_AllowsNothingElseUntilItIsChanged()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada", SystemRoles.User, mustChange: true);
        using var browser = await app.SignInAsync("ada");
        using (var page = await browser.GetAsync("/page"))
        {
            Assert.Equal("/account/password?return_url=%2Fpage", page.Headers.Location?.OriginalString);
        }

        Assert.Equal("403 password_change_required", await browser.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view"));
        Assert.Equal("200", await browser.RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
        foreach (var (current, fresh, code) in new[] { ("not the current one", "eight green kettles", "bad_credentials"), (IdentityApp.Password, "short", "bad_password_length"), (IdentityApp.Password, IdentityApp.Password, "same_password") })
        {
            using var refused = await browser.SubmitAsync("/account/password", ("current", current), ("new", fresh), ("again", fresh));
            Assert.Equal($"/account/password?error={code}", refused.Headers.Location?.OriginalString);
        }

        using (var differ = await browser.SubmitAsync("/account/password", ("current", IdentityApp.Password), ("new", "eight green kettles"), ("again", "nine green kettles")))
        {
            Assert.Equal("/account/password?error=passwords_differ", differ.Headers.Location?.OriginalString);
        }

        using var other = await app.SignInAsync("ada");
        var before = browser.Cookie;
        using (var changed = await browser.SubmitAsync("/account/password", ("current", IdentityApp.Password), ("new", "eight green kettles"), ("again", "eight green kettles"), ("return_url", "/page")))
        {
            Assert.Equal("/page", changed.Headers.Location?.OriginalString);
        }

        Assert.NotEqual(before, browser.Cookie);
        Assert.Equal(HttpStatusCode.OK, await browser.StatusAsync("/page"));
        Assert.Equal("401 not_signed_in", await other.RefusalAsync(HttpMethod.Get, "/api/v1/profile"));
        using var again = app.Open();
        await again.SignInAsync("ada", "eight green kettles");
    }

    [Fact]
    public async Task Link_UsedTwiceOrTooLate_SignsInOnce()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var links = app.Get<SignInLinkService>();
        var token = await links.CreateAsync(1, TimeSpan.FromMinutes(15), Token);
        var late = await links.CreateAsync(1, TimeSpan.FromMinutes(15), Token);
        using var browser = app.Open();
        using (var answer = await browser.SubmitAsync("/account/link", ("token", token)))
        {
            Assert.Equal("/", answer.Headers.Location?.OriginalString);
        }

        // It counts as having shown the password.
        Assert.Equal("201", await browser.RefusalAsync(HttpMethod.Post, "/api/v1/roles", new { name = "Readers", permissions = new[] { "llm:view" } }));
        app.Time.Advance(TimeSpan.FromMinutes(15));
        foreach (var spent in new[] { token, late, "nothing" })
        {
            using var stranger = app.Open();
            using var refused = await stranger.SubmitAsync("/account/link", ("token", spent));
            Assert.Equal("/sign-in?error=bad_link", refused.Headers.Location?.OriginalString);
        }

        Assert.Single(await app.AuditAsync("sign_in_link_used"));
    }

    [Fact]
    public async Task Link_ManyAtOnce_IsRedeemedOnce()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var links = app.Get<SignInLinkService>();
        var token = await links.CreateAsync(1, TimeSpan.FromMinutes(15), Token);
        var users = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => links.RedeemAsync(token, Beep.Host.Audit.AuditActors.System, Token)));
        Assert.Equal(1, Assert.Single(users, user => user is not null));
    }

    [Fact]
    public async Task ImportedHash_FirstSignIn_IsReplacedAndAWeakPasswordMustBeChanged()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var id = await app.CreateUserAsync("ada");
        const string hash = "pbkdf2:sha256:1000$saltsalt$07e4040d0b328b528511a7643c97a8e1042233e4daaf28aff6e16745d6351ef6";
        await using (var context = app.CreateContext())
        {
            var user = context.Set<User>().Single(user => user.Id == id);
            user.PasswordHash = hash;
            await context.SaveChangesAsync(Token);
        }

        using var browser = app.Open();
        await browser.SignInAsync("ada", "short");
        Assert.Equal("403 password_change_required", await browser.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view"));
        await using var after = app.CreateContext();
        Assert.StartsWith("AQAAAAIAAzRQ", after.Set<User>().Single(user => user.Id == id).PasswordHash!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InternalUsersOff_TheirEndpoints_AreNotThere()
    {
        await using var app = await IdentityApp.StartAsync(server, change: options => options with { EnableInternalUsers = false });
        using var browser = app.Open();
        var token = await app.Get<SignInLinkService>().CreateAsync(1, TimeSpan.FromMinutes(15), Token);
        using (var answer = await browser.SubmitAsync("/account/link", ("token", token)))
        {
            Assert.Equal("/", answer.Headers.Location?.OriginalString);
        }

        foreach (var path in new[] { "/api/v1/users", "/api/v1/users/1", "/api/v1/roles", "/api/v1/groups" })
        {
            Assert.Equal("404", await browser.RefusalAsync(HttpMethod.Get, path));
        }

        using var signIn = await browser.SubmitAsync("/account/sign-in", ("username", "root"), ("password", IdentityApp.Password));
        Assert.Equal(HttpStatusCode.NotFound, signIn.StatusCode);
        Assert.Equal("200", await browser.RefusalAsync(HttpMethod.Get, "/api/v1/sessions"));
    }

    [Fact]
    public async Task Meters_SignInsByOutcome_AreCounted()
    {
        await using var app = await IdentityApp.StartAsync(server);
        var counts = new System.Collections.Concurrent.ConcurrentDictionary<string, long>();
        var scope = app.Get<System.Diagnostics.Metrics.IMeterFactory>();
        using var listener = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Beep.Identity" && instrument.Meter.Scope == scope)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => counts.AddOrUpdate($"{instrument.Name} {(tags.Length > 0 ? tags[0].Value : null)}".TrimEnd(), value, (_, old) => instrument.IsObservable ? value : old + value));
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => counts.AddOrUpdate(instrument.Name, 1, (_, old) => old + 1));
        listener.Start();
        using var browser = app.Open();
        using (await browser.SubmitAsync("/account/sign-in", ("username", "root"), ("password", "wrong wrong wrong")))
        {
        }

        await browser.SignInAsync("root");
        await app.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<Beep.Host.Identity.Sessions.SessionSweeper>().Single().SweepAsync(Token);
        listener.RecordObservableInstruments();
        Assert.Equal(
            ["active_sessions 1", "hash_wait 2", "sign_ins bad_credentials 1", "sign_ins succeeded 1"],
            counts.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task FirstAdmin_FiftyAtOnce_IsMadeOnce()
    {
        await using var app = await IdentityApp.StartAsync(server, TestDatabase.Sqlite);
        var bootstrap = app.Get<AdminBootstrap>();
        await using (var context = app.CreateContext())
        {
            context.Remove(context.Set<User>().Single());
            await context.SaveChangesAsync(Token);
        }

        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            await using var context = app.CreateContext();
            await using var transaction = await context.Database.BeginTransactionAsync(Token);
            try
            {
                await bootstrap.CreateFirstAdminAsync(context, new AdminDraft($"admin{i}", IdentityApp.Password), Beep.Host.Audit.AuditActors.System, Token);
                await transaction.CommitAsync(Token);
                return "made";
            }
            catch (Beep.Host.Hosting.Http.HttpFaultException fault)
            {
                return fault.Faults[0].Code;
            }
        }, Token)));
        Assert.Equal(1, results.Count(result => result == "made"));
        Assert.Equal(49, results.Count(result => result == "admin_exists"));
    }
}
