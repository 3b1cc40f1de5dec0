using System.Text.Json.Nodes;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>What a person chooses of a cluster, and of a preset.</summary>
public sealed class ClusterFieldsTests(Chromium chromium, PostgresServer postgres)
{
    private const int Phone = 390;

    [Fact]
    public async Task NewJob_ForTheCluster_AsksForWhatIsChosenAndSaysWhatCannotBe()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The commands of the cluster are scripts for /bin/sh.");
        using var folder = new TemporaryFolder();
        await using var server = await StartAsync(folder);
        var page = await OpenAsync(server);
        await page.GetByLabel("Where it runs").SelectOptionAsync("slurm");
        await Assertions.Expect(page.GetByLabel("Partition").Locator("option")).ToHaveTextAsync(["batch, as the server has it", "gpu · 4 GPUs a node · up to 2 d", "night · up to 8 h · down"]);
        Assert.Equal("4", await page.GetByRole(AriaRole.Textbox, new() { Name = "Processors" }).GetAttributeAsync("placeholder"));
        // The shipped trainer uses neither.
        Assert.Equal(0, await page.GetByLabel("GPUs on a node").CountAsync());
        await page.GetByLabel("Time limit, in minutes").FillAsync("600");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Processors" }).FillAsync("8");
        await page.SeeAsync("The partition 'batch' allows 60 minutes and the job asks for 600.");
        Assert.True(await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).IsDisabledAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Fix: minutes to 60" }).ClickAsync();
        await page.SeeAsync("Ready to start");
        Assert.Equal("60", await page.GetByLabel("Time limit, in minutes").InputValueAsync());
        await page.GetByLabel("Partition").SelectOptionAsync("night");
        await page.SeeAsync("The partition 'night' takes no jobs to run now.");
        await page.SeeAsync("Submitted to the cluster at once, which decides when it starts.");
        await Accessibility.CheckAsync(page, "a job for the cluster");

        // A preset changes what it says, and nothing that was chosen.
        await page.GetByText("lora-small", new() { Exact = true }).ClickAsync();
        await page.SeeAsync("Ready to start");
        Assert.Equal(("slurm", "night", "60", "8"), (await page.GetByLabel("Where it runs").InputValueAsync(), await page.GetByLabel("Partition").InputValueAsync(), await page.GetByLabel("Time limit, in minutes").InputValueAsync(), await page.GetByRole(AriaRole.Textbox, new() { Name = "Processors" }).InputValueAsync()));
        await page.SetViewportSizeAsync(Phone, 900);
        await page.SettleAsync();
        await Accessibility.CheckAsync(page, "a job for the cluster on a phone", AxeRead.Nothing);
        await page.PressAsync("Keep as a draft");
        await page.ArriveAsync("**/jobs");
        var job = await server.GetAsync((string)(await server.ListAsync()).Single()!["id"]!);
        Assert.True(JsonNode.DeepEquals(new JsonObject { ["partition"] = "night", ["minutes"] = 60, ["cpus_per_task"] = 8 }, Given(job["placement"]!["cluster"]!)), job["placement"]!.ToJsonString());
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Preset_ChosenAfterOwnChanges_ChangesTheRestAndKeepsThem()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var page = await OpenAsync(server);
        await page.SeeAsync("as the preset has it");
        await page.GetByText("Advanced").ClickAsync();
        await page.GetByText("lora-small", new() { Exact = true }).ClickAsync();
        var (rank, steps, trainer) = (page.GetByLabel("Rank", new() { Exact = true }), page.GetByLabel("Steps", new() { Exact = true }), page.GetByLabel("What trains it"));
        await Assertions.Expect(rank).ToHaveValueAsync("8");
        await steps.FillAsync("7");
        await page.SeeAsync("1 setting changed");
        // It needs another trainer, and brings it.
        await page.GetByRole(AriaRole.Radio, new() { NameRegex = new("^dpo ") }).ClickAsync();
        await Assertions.Expect(rank).ToHaveValueAsync("16");
        await Assertions.Expect(page.GetByLabel("Beta", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(trainer).ToHaveValueAsync("transformers:");
        await Assertions.Expect(steps).ToHaveValueAsync("7");
        await page.GetByText("lora-small", new() { Exact = true }).ClickAsync();
        await Assertions.Expect(rank).ToHaveValueAsync("8");
        await Assertions.Expect(trainer).ToHaveValueAsync("torchsharp");
        await Assertions.Expect(steps).ToHaveValueAsync("7");
        await page.SeeAsync("1 setting changed");
        await page.Context.CloseAsync();
    }

    private Task<JobServer> StartAsync(TemporaryFolder folder)
    {
        var path = folder.Write("sinfo", """
            #!/bin/sh
            if [ "$1" = --version ]; then echo slurm 23.11; exit 0; fi
            echo 'batch|batch*|up|1:00:00|4|(null)|16|64000'
            echo 'gpu|gpu|up|2-00:00:00|2|gpu:a100:4|64|512000'
            echo 'night|night|down|8:00:00|1|(null)|16|64000'
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0, services => services.AddSlurm(new SlurmOptions { IsOn = true, CommandFolder = folder.Path, Partition = "batch", Cpus = 4 }));
    }

    private async Task<IPage> OpenAsync(JobServer server)
    {
        var page = await chromium.OpenAsync(server.Server.Address);
        await page.SignInAsync(server.AdminName, RunningServer.Password);
        await page.OpenPageAsync($"/jobs/new?model={server.Model}&dataset={server.Dataset}");
        await page.SeeAsync("Ready to start");
        return page;
    }

    private static JsonObject Given(JsonNode request) => new(request.AsObject().Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value!.DeepClone())));
}
