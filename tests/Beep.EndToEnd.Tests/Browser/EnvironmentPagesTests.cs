using Beep.Host.Environments;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Hosting;
using Beep.Host.Tests.Environments;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;
using static Microsoft.Playwright.Assertions;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>Environments as a person makes, follows and removes them.</summary>
public sealed class EnvironmentPagesTests(Chromium chromium, PostgresServer postgres)
{
    [Fact]
    public async Task Pages_AnEnvironment_IsMadeFollowedSearchedAndRemoved()
    {
        var python = await TestPython.RequireAsync();
        using var folder = new TemporaryFolder();
        var (worker, wheels) = (Path.Combine(folder.Path, "worker"), Path.Combine(folder.Path, "wheels"));
        EnvironmentServer.WriteWorker(worker);
        TestWheels.Write(wheels, "toy-model", "1.0", ["toy-tools"]);
        TestWheels.Write(wheels, "toy-tools", "2.1");
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, configure: services => services
            .AddSingleton<Func<PythonWorker>>(() => new PythonWorker(worker))
            .AddSingleton(new RuntimePlaces(name => name == "PATH" ? Path.GetDirectoryName(python) : null, folder.Path, [])));
        var (_, name) = await server.CreateAdminAsync();
        var page = await chromium.OpenAsync(server.Address);
        await page.GotoAsync("/sign-in");
        await page.SignInAsync(name, RunningServer.Password);

        await page.OpenPageAsync("/environments");
        await page.SeeAsync("There is no environment yet.");
        await page.OpenPageAsync("/environments/new");
        var form = page.Locator("section", new() { HasText = "Make one" }).First;
        await form.GetByLabel("Name").FillAsync("lab");
        await form.GetByLabel("Packages come from").SelectOptionAsync("wheels");
        await form.GetByLabel("Folder").FillAsync(wheels);
        await form.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Make it" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/environments/lab", StringComparison.Ordinal));
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Status).GetByText("ready")).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await page.SeeAsync("bitsandbytes is not installed");
        await page.SeeAsync("Successfully installed toy-model-1.0 toy-tools-2.1");
        await page.SeeAsync("A package <b>for tests</b>");

        var packages = page.Locator("section", new() { HasText = "What it is" });
        await packages.GetByLabel("Name").FillAsync("tools");
        await packages.GetByLabel("Name").PressAsync("Enter");
        await page.ArriveAsync(url => url.EndsWith("?search=tools", StringComparison.Ordinal));
        await Expect(packages.Locator("tbody tr")).ToHaveCountAsync(1);

        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.Locator("[role=dialog]").GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/environments", StringComparison.Ordinal));
        await page.SeeAsync("There is no environment yet.");
        Assert.False(Directory.Exists(Path.Combine(server.Services.GetRequiredService<HostPaths>().Environments, "lab")));
        await page.Context.CloseAsync();
    }
}
