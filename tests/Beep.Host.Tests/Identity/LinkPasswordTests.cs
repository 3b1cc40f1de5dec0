using System.Net;
using System.Text.RegularExpressions;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Identity.SignIn;
using Beep.Host.Identity.Users;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Identity;

/// <summary>Whoever came in by a link may replace a password that nobody knows, and no other.</summary>
public sealed partial class LinkPasswordTests(PostgresServer server)
{
    private const string Fresh = "eight green kettles";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ChangePassword_ForcedAfterALink_TakesANewOneWithoutTheCurrent()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await OpenAsync(app, await app.CreateUserAsync("ada", mustChange: true));
        Assert.Equal("403 password_change_required", await browser.RefusalAsync(HttpMethod.Get, "/api/v1/models-to-view"));
        Assert.Equal("/account/password?error=passwords_differ", await ChangeAsync(browser, Fresh, "eight blue kettles"));
        Assert.Equal("/account/password?error=bad_password_length", await ChangeAsync(browser, "short", "short"));
        Assert.Equal("/account/password?error=same_password", await ChangeAsync(browser, IdentityApp.Password, IdentityApp.Password));
        var before = browser.Cookie;
        Assert.Equal("/", await ChangeAsync(browser, Fresh, Fresh));
        Assert.NotEqual(before, browser.Cookie);
        Assert.Equal(HttpStatusCode.OK, await browser.StatusAsync("/page"));
        Assert.Equal("""{"name":"ada","reason":"signed_in_by_link"}""", Assert.Single(await app.AuditAsync("password_changed")).Details);
        using var again = app.Open();
        await again.SignInAsync("ada", Fresh);
        // Once it is the user's own, it takes the current one to change it.
        Assert.Equal("/account/password?error=bad_credentials", await ChangeAsync(browser, "nine green kettles", "nine green kettles"));
    }

    [Fact]
    public async Task ChangePassword_TenMinutesAfterTheLink_WantsTheCurrentOne()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await OpenAsync(app, await app.CreateUserAsync("ada", mustChange: true));
        app.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("/account/password?error=bad_credentials", await ChangeAsync(browser, Fresh, Fresh));
    }

    [Fact]
    public async Task ChangePassword_NotForcedAfterALink_WantsTheCurrentOne()
    {
        await using var app = await IdentityApp.StartAsync(server);
        using var browser = await OpenAsync(app, await app.CreateUserAsync("ada"));
        Assert.Equal("/account/password?error=bad_credentials", await ChangeAsync(browser, Fresh, Fresh));
    }

    [Fact]
    public async Task ChangePassword_ForcedAfterAPassword_WantsTheCurrentOne()
    {
        await using var app = await IdentityApp.StartAsync(server);
        await app.CreateUserAsync("ada", mustChange: true);
        using var browser = await app.SignInAsync("ada");
        Assert.Equal("/account/password?error=bad_credentials", await ChangeAsync(browser, Fresh, Fresh));
    }

    [Fact]
    public async Task Page_AfterALink_AsksForTheCurrentPasswordOnlyWhereItIsNeeded()
    {
        await using var host = await RunningServer.StartAsync(TestDatabase.Sqlite, server);
        var database = host.Services.GetRequiredService<HostDatabase>();
        long id;
        await using (var context = database.CreateContext())
        await using (var transaction = await context.Database.BeginTransactionAsync(Token))
        {
            id = (await host.Services.GetRequiredService<AdminBootstrap>().CreateAdminAsync(context, new AdminDraft("admin", IdentityApp.Password), AuditActors.System, Token)).Id;
            await transaction.CommitAsync(Token);
        }

        var link = await host.Services.GetRequiredService<SignInLinkService>().CreateAsync(id, TimeSpan.FromMinutes(15), Token);
        using var client = new HttpClient { BaseAddress = host.Address };
        var form = Form(await client.GetStringAsync("sign-in/link", Token));
        var forced = await (await client.PostAsync("account/link", Fields(form, ("token", link)), Token)).Content.ReadAsStringAsync(Token);
        Assert.Contains("Choose a password of your own", forced, StringComparison.Ordinal);
        Assert.DoesNotContain("Current password", forced, StringComparison.Ordinal);
        var overview = await client.PostAsync("account/password", Fields(Form(forced), ("new", Fresh), ("again", Fresh)), Token);
        Assert.Equal((HttpStatusCode.OK, "/"), (overview.StatusCode, overview.RequestMessage!.RequestUri!.AbsolutePath));
        Assert.Contains("Current password", await client.GetStringAsync("account/password", Token), StringComparison.Ordinal);
    }

    private static async Task<Browser> OpenAsync(IdentityApp app, long userId)
    {
        var browser = app.Open();
        var link = await app.Get<SignInLinkService>().CreateAsync(userId, TimeSpan.FromMinutes(15), Token);
        using var answer = await browser.SubmitAsync("/account/link", ("token", link));
        Assert.Equal("/", answer.Headers.Location?.OriginalString);
        return browser;
    }

    private static async Task<string?> ChangeAsync(Browser browser, string fresh, string again)
    {
        using var answer = await browser.SubmitAsync("/account/password", ("new", fresh), ("again", again));
        return answer.Headers.Location?.OriginalString;
    }

    private static string Form(string page) => FormToken().Match(page).Groups[1].Value;

    private static FormUrlEncodedContent Fields(string token, params (string Name, string Value)[] fields) =>
        new([.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), KeyValuePair.Create("__RequestVerificationToken", token)]);

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex FormToken();
}
