using System.Text.RegularExpressions;
using Beep.Host.Hosting;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>What a newcomer does on the first day, in a real browser with the real program: sets the host up, signs in, makes a role and a user, and sees what that user may not.</summary>
public sealed partial class FirstDayTests(Chromium chromium, PostgresServer postgres)
{
    private const string Admin = "ada";
    private const string FirstPassword = "first words of the wizard";
    private const string OwnPassword = "quite another set of words";
    private const string UserPassword = "words that only bob knows";

    [Theory]
    [InlineData(TestDatabase.Sqlite)]
    [InlineData(TestDatabase.Postgres)]
    public async Task Newcomer_FromTheWizardToARevokedSession_GetsThrough(string kind)
    {
        Assert.SkipUnless(Chromium.IsInstalled, Chromium.Missing);
        Assert.SkipUnless(kind == TestDatabase.Sqlite || PostgresServer.IsInstalled, PostgresServer.Missing);
        using var home = new TemporaryFolder();
        await using var server = await ServerProcess.StartAsync(home.Path);
        var link = await server.PrintedAsync(SetupLink());

        await SetUpAsync(server, link, kind == TestDatabase.Postgres ? await postgres.CreateDatabaseAsync() : null);

        var admin = await chromium.OpenAsync(server.Address);
        await SignInFirstAsync(admin, Admin, FirstPassword, OwnPassword);
        await admin.SeeAsync("Finish the setup");
        await CreateRoleAsync(admin);
        var password = await CreateUserAsync(admin);

        var bob = await chromium.OpenAsync(server.Address, isDark: true, width: 390);
        await SignInFirstAsync(bob, "bob", password, UserPassword);
        var answer = await bob.GotoAsync("/audit");
        Assert.Equal(403, answer!.Status);
        await bob.SeeAsync("This needs the permission 'audit.read'");
        await Accessibility.CheckAsync(bob, "the page of what is not allowed");

        await bob.OpenPageAsync("/sessions");
        await admin.OpenPageAsync("/users");
        await admin.GetByRole(AriaRole.Link, new() { Name = "bob" }).ClickAsync();
        await admin.GetByRole(AriaRole.Button, new() { NameRegex = EndSession() }).ClickAsync();
        // Not by a reload: the open page itself goes.
        await bob.ArriveAsync("**/sign-in?error=session_ended**");
        await bob.SeeAsync("Your session has ended");

        await admin.Keyboard.PressAsync("Control+k");
        await admin.GetByRole(AriaRole.Combobox, new() { Name = "Search pages and things" }).FillAsync("aud");
        await admin.GetByRole(AriaRole.Option, new() { Name = "Audit" }).WaitForAsync();
        await Accessibility.CheckAsync(admin, "the search");
        await admin.Keyboard.PressAsync("Enter");
        await admin.ArriveAsync("**/audit");
        await admin.SeeAsync("ada created user bob");
        await admin.SeeAsync("bob signed in");
        // All of it fits on one page.
        Assert.Equal(0, await admin.GetByRole(AriaRole.Link, new() { Name = "Next" }).CountAsync());
        await admin.PressAsync("Verify");
        await admin.SeeAsync("The log is sound");
        Assert.Equal(0, await server.StopAsync());
        Assert.DoesNotContain(OwnPassword, server.Output, StringComparison.Ordinal);
        Assert.False(server.Output.Contains(" fail:", StringComparison.Ordinal), server.Output);
    }

    /// <summary>Through the wizard, closed half-way and resumed in another browser.</summary>
    private async Task SetUpAsync(ServerProcess server, string link, PostgresAddress? address)
    {
        var first = await chromium.OpenAsync(server.Address);
        await first.GotoAsync("/users");
        Assert.EndsWith("/setup", new Uri(first.Url).AbsolutePath, StringComparison.Ordinal);
        await first.GotoAsync(link);
        await first.GetByRole(AriaRole.Heading, new() { Name = "Database" }).WaitForAsync();
        await Accessibility.CheckAsync(first, "the wizard");
        if (address is not null)
        {
            await first.GetByText("PostgreSQL", new() { Exact = true }).ClickAsync();
            await first.GetByLabel("Host", new() { Exact = true }).FillAsync(address.Host);
            await first.GetByLabel("Port", new() { Exact = true }).FillAsync($"{address.Port}");
            await first.GetByLabel("Database", new() { Exact = true }).FillAsync(address.Database);
            await first.GetByLabel("User", new() { Exact = true }).FillAsync(address.User);
            await first.GetByLabel("Password", new() { Exact = true }).FillAsync(address.Password!.Value);
        }

        await first.PressAsync("Test connection");
        await first.GetByText(Milliseconds()).WaitForAsync();
        await first.PressAsync("Next");
        await first.GetByRole(AriaRole.Heading, new() { Name = "First administrator" }).WaitForAsync();
        await AdminAsync(first);
        await first.PressAsync("Next");
        await first.GetByRole(AriaRole.Heading, new() { Name = "Sign-in" }).WaitForAsync();
        await first.Context.CloseAsync();

        var second = await chromium.OpenAsync(server.Address, isDark: true);
        await second.GotoAsync(link);
        await second.SeeAsync("Your earlier answers are here");
        await second.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Button, new() { NameRegex = DatabaseStep() }).ClickAsync();
        await second.GetByRole(AriaRole.Heading, new() { Name = "Database" }).WaitForAsync();
        await FinishAsync(second, address);
        try
        {
            await second.ArriveAsync("**/sign-in**");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The wizard does not lead to the sign-in:\n{await second.InnerTextAsync("body")}\n{server.Output}");
        }

        await second.Context.CloseAsync();
    }

    /// <summary>From wherever the wizard resumed: types what was not kept, and goes on until it is done.</summary>
    private static async Task FinishAsync(IPage page, PostgresAddress? address)
    {
        for (var step = 0; step < 12; step++)
        {
            var heading = await page.Locator("h1").InnerTextAsync();
            var missing = page.GetByRole(AriaRole.Button, new() { NameRegex = GoTo() });
            if (heading == "Review" && await missing.CountAsync() > 0)
            {
                await missing.First.ClickAsync();
                await page.WaitForFunctionAsync("before => document.querySelector('h1').innerText !== before", heading);
                continue;
            }

            if (heading == "Review")
            {
                await Accessibility.CheckAsync(page, "the wizard's last page");
                Assert.DoesNotContain(FirstPassword, await page.ContentAsync(), StringComparison.Ordinal);
                await page.PressAsync("Finish");
                return;
            }

            if (heading == "Database" && address is not null)
            {
                await page.GetByLabel("Password", new() { Exact = true }).FillAsync(address.Password!.Value);
            }

            if (heading == "First administrator")
            {
                await AdminAsync(page);
            }

            await page.Locator("button[type=submit]").ClickAsync();
            await page.WaitForFunctionAsync("before => document.querySelector('h1').innerText !== before", heading);
        }

        Assert.Fail("The wizard has no last page.");
    }

    private static async Task AdminAsync(IPage page)
    {
        await page.GetByLabel("Username").FillAsync(Admin);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(FirstPassword);
        await page.GetByLabel("Password again").FillAsync(FirstPassword);
        await page.GetByLabel("Password again").BlurAsync();
    }

    /// <summary>The first sign-in, which leads nowhere but to a password of one's own.</summary>
    private static async Task SignInFirstAsync(IPage page, string userName, string given, string own)
    {
        await page.SignInAsync(userName, given);
        await page.GotoAsync("/tasks");
        Assert.Contains("/account/password", page.Url, StringComparison.Ordinal);
        await page.GetByLabel("Current password").FillAsync(given);
        await page.GetByLabel("New password", new() { Exact = true }).FillAsync(own);
        await page.GetByLabel("New password again").FillAsync(own);
        await page.PressAsync("Change password");
        await page.ArriveAsync(url => !url.Contains("/account/password", StringComparison.Ordinal));
        await page.OpenPageAsync("/");
    }

    private static async Task CreateRoleAsync(IPage page)
    {
        await page.OpenPageAsync("/roles/new");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Reviewer");
        await page.GetByLabel("finetune.read").CheckAsync();
        await page.PressAsync("Create role");
        await page.ArriveAsync("**/roles");
        await page.SeeAsync("Reviewer");
    }

    private static async Task<string> CreateUserAsync(IPage page)
    {
        await page.OpenPageAsync("/users/new");
        await page.GetByLabel("Username").FillAsync("bob");
        await page.GetByLabel("Role").SelectOptionAsync("Reviewer");
        await page.PressAsync("Create user");
        return await page.Locator(".secret code").InnerTextAsync();
    }

    [GeneratedRegex(@"http://\S+/setup#\S+(?=\n)")]
    private static partial Regex SetupLink();

    [GeneratedRegex(@"\d+ ms")]
    private static partial Regex Milliseconds();

    [GeneratedRegex("Database$")]
    private static partial Regex DatabaseStep();

    [GeneratedRegex("^Go to ")]
    private static partial Regex GoTo();

    [GeneratedRegex("^End the session of")]
    private static partial Regex EndSession();
}
