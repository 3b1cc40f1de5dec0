using Beep.Host.Hosting;
using Beep.Host.Tests.Models;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>A model, from the hub to its removal, as a person goes about it.</summary>
public sealed class ModelPagesTests(Chromium chromium, PostgresServer postgres)
{
    [Fact]
    public async Task Model_FromTheHub_IsSeenFirstThenDownloadedFoundAndRemoved()
    {
        await using var hub = await TestHub.StartAsync();
        hub.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { HubEndpoint = hub.Address, ImportFolders = ["/srv/models"] });
        var (_, name) = await server.CreateAdminAsync();
        var page = await chromium.OpenAsync(server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync("/models");
        await page.SeeAsync("beep/beep-tiny");
        await page.GetByRole(AriaRole.Link, new() { Name = "Add a model" }).ClickAsync();
        await page.ArriveAsync("**/models/new");
        await page.SettleAsync();
        await page.GetByLabel("Repository").FillAsync("acme/none");
        await page.PressAsync("Look it up");
        await page.SeeAsync("The hub has no model 'acme/none' that it would show.");
        await page.GetByLabel("Repository").FillAsync("acme/tiny");
        await page.PressAsync("Look it up");
        await page.SeeAsync("apache-2.0");
        Assert.DoesNotContain(hub.Requests, request => request.Path.Contains("/resolve/", StringComparison.Ordinal));
        await Accessibility.CheckAsync(page, "/models/new with a model");

        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Download ") }).ClickAsync();
        await page.ArriveAsync(url => url.Contains("/models/", StringComparison.Ordinal) && !url.EndsWith("/new", StringComparison.Ordinal));
        await page.SeeAsync("being prepared");
        await Accessibility.CheckAsync(page, "/models/{id} while it comes");
        hub.Hold.SetResult();
        // The page hears of it by itself.
        await page.Locator("[role=status]", new() { HasText = "ready" }).WaitForAsync();
        await page.SeeAsync(TestHub.Commit);

        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/models", StringComparison.Ordinal));
        await page.SettleAsync();
        Assert.Equal(0, await page.GetByText("acme/tiny").CountAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Services.GetRequiredService<HostPaths>().Models));
        await page.Context.CloseAsync();
    }
}
