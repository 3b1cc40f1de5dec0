using Beep.Host.Tests.Environments;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>Environments as a person makes, follows and removes them.</summary>
public sealed class EnvironmentPagesTests(Chromium chromium, PostgresServer postgres)
{
    [Fact]
    public async Task Pages_AnEnvironment_IsMadeFollowedSearchedAndRemoved()
    {
        await using var server = await EnvironmentServer.StartAsync(postgres);
        var (_, name) = await server.Server.CreateAdminAsync();
        var page = await chromium.OpenAsync(server.Server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync("/environments");
        await page.SeeAsync("There is no environment yet.");
        await page.OpenPageAsync("/environments/new");
        var form = page.Locator("section", new() { HasText = "Make one" }).First;
        await form.GetByPlaceholder("lab-cpu").FillAsync("lab");
        await form.GetByLabel("Packages come from").SelectOptionAsync("wheels");
        await form.GetByRole(AriaRole.Textbox, new() { NameRegex = new("^Folder") }).FillAsync(server.Wheelhouse);
        await form.GetByRole(AriaRole.Button, new() { Name = "Make it" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/environments/lab", StringComparison.Ordinal));
        await Expect(page.GetByRole(AriaRole.Status).GetByText("ready")).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await page.SeeAsync("bitsandbytes is not installed");
        await page.SeeAsync("Successfully installed toy-model-1.0 toy-tools-2.1");
        await page.SeeAsync("A package <b>for tests</b>");

        var packages = page.Locator("section", new() { HasText = "What it is" });
        await packages.GetByLabel("Name").FillAsync("tools");
        await packages.GetByLabel("Name").PressAsync("Enter");
        await page.ArriveAsync(url => url.EndsWith("?search=tools", StringComparison.Ordinal));
        await Expect(packages.Locator("tbody tr")).ToHaveCountAsync(1);

        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/environments", StringComparison.Ordinal));
        await page.SeeAsync("There is no environment yet.");
        Assert.Empty(server.Entries());
        await page.Context.CloseAsync();
    }
}
