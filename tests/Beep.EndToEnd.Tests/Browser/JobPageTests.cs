using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>The way to a job, as somebody clicks it.</summary>
public sealed class JobPageTests(Chromium chromium, PostgresServer postgres)
{
    [Fact]
    public async Task NewJob_PlannedMendedAndStarted_StandsInTheList()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var page = await chromium.OpenAsync(server.Server.Address);
        await page.SignInAsync(server.AdminName, RunningServer.Password);
        await page.OpenPageAsync("/");
        await page.SeeAsync("Your first fine-tune");
        await page.GetByRole(AriaRole.Link, new() { Name = "Start a job" }).ClickAsync();
        await page.ArriveAsync("**/jobs/new");
        await page.SettleAsync();
        await page.GetByLabel("What learns").SelectOptionAsync(server.Model);
        await page.GetByLabel("What it learns").SelectOptionAsync(server.Dataset);
        await page.GetByText("lora-small", new() { Exact = true }).ClickAsync();
        await page.SeeAsync("Ready to start");
        await page.GetByText("Advanced").ClickAsync();
        await page.GetByLabel("Longest row").FillAsync("8");
        await page.SeeAsync("Cannot start yet");
        Assert.True(await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).IsDisabledAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Fix: Longer rows to truncate" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Put Longest row back" }).ClickAsync();
        await page.SeeAsync("Ready to start");
        await page.GetByLabel("Steps", new() { Exact = true }).FillAsync("7");
        await page.SeeAsync("2 settings changed");
        await page.GetByLabel("Name").FillAsync("By hand");
        await page.SeeAsync("Ready to start");
        await page.PressAsync("Start");
        await page.ArriveAsync(url => System.Text.RegularExpressions.Regex.IsMatch(url, "/jobs/[0-9a-f]{16}$"));
        await page.OpenPageAsync("/jobs");
        await page.SeeAsync("No. 1. It is next: it waits for a free slot.");
        var job = (await server.ListAsync()).Single()!;
        Assert.Equal(("By hand", "queued"), ((string)job["name"]!, (string)job["state"]!));
        var spec = (await server.GetAsync((string)job["id"]!))["spec"]!;
        Assert.Equal((7, "truncate", "share:0.1"), ((int)spec["train"]!["max_steps"]!, (string)spec["data"]!["overlong"]!, (string)spec["data"]!["validation"]!));

        // Its settings again, for another.
        await page.OpenPageAsync($"/jobs/new?from={job["id"]}");
        await page.SeeAsync("2 settings changed");
        Assert.Equal("7", await page.GetByLabel("Steps", new() { Exact = true }).InputValueAsync());
        await page.SeeAsync("Ready to start");
        await page.PressAsync("Keep as a draft");
        await page.ArriveAsync("**/jobs");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start tests-tiny on What is it" }).ClickAsync();
        await page.SeeAsync("No. 2. It waits for 1 job before it.");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Jobs_SelectedAndDeleted_AreGone()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        foreach (var name in new[] { "One", "Two", "Three" })
        {
            var wanted = server.Wanted();
            (wanted["name"], wanted["start"]) = (name, name == "Three");
            await server.CreateAsync(wanted);
        }

        var page = await chromium.OpenAsync(server.Server.Address);
        await page.SignInAsync(server.AdminName, RunningServer.Password);
        await page.OpenPageAsync("/jobs");
        await page.GetByLabel("Select One").CheckAsync();
        await page.GetByLabel("Select Three").CheckAsync();
        await page.SeeAsync("2 jobs selected");
        Assert.EndsWith("/jobs/compare?ids=", (await page.GetByRole(AriaRole.Link, new() { Name = "Compare" }).GetAttributeAsync("href"))!.Split("ids=")[0] + "ids=", StringComparison.Ordinal);
        await page.PressAsync("Delete");
        await page.SeeAsync("Delete 1 job?");
        await page.Locator("dialog.ask").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByLabel("Select One").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Equal(["Three", "Two"], (await server.ListAsync()).Select(job => (string)job!["name"]!));
        await page.GetByLabel("State").SelectOptionAsync("draft");
        await page.ArriveAsync(url => url.EndsWith("/jobs?state=draft", StringComparison.Ordinal));
        await page.GetByLabel("Select Three").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.SeeAsync("Two");
        await page.Context.CloseAsync();
    }
}
