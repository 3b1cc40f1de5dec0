using Beep.Contracts;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Jobs.Runs;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>A run that is watched while it goes, and several side by side.</summary>
public sealed class RunPageTests(Chromium chromium, PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_WhileTheRunGoes_ShowsWhatComesWithoutReload()
    {
        await using var home = await RunHome.StartAsync(postgres);
        var (_, name) = await home.Server.CreateAdminAsync();
        var (job, folder) = await home.AddAsync(JobState.Running, "Answers on shop questions");
        await File.WriteAllTextAsync(folder.Events, RunHome.Started(1) + RunHome.Metric(2, 1, 2.5), Token);
        var page = await chromium.OpenAsync(home.Server.Address);
        var faults = new List<string>();
        page.Console += (_, message) => faults.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync($"/jobs/{job.Id}");
        await page.SeeAsync("One point so far; the second draws a line.");
        await page.SeeAsync("What the worker prints stands here.");

        await File.AppendAllTextAsync(folder.Events, string.Concat(Enumerable.Range(2, 40).Select(step => RunHome.Metric(step + 1, step, 2.5 / step)))
            + RunHome.Line(43, "\"type\":\"sample\",\"step\":41,\"prompt\":\"Where is my parcel?\",\"text\":\"<b>On its way</b>\"") + RunHome.Line(44, "\"type\":\"progress\",\"step\":41,\"total_steps\":100,\"epoch\":1,\"eta_seconds\":75"), Token);
        await File.WriteAllTextAsync(folder.Output, "loading \u001b[31mweights\n", Token);
        await page.GetByLabel("State of the run").GetByText("1 m 15 s").WaitForAsync();
        await page.SeeAsync("<b>On its way</b>");
        await page.SeeAsync("loading ?[31mweights");
        await page.GetByRole(AriaRole.Img, new() { Name = "Loss: 41 points" }).WaitForAsync();
        Assert.Equal(5, await page.Locator("[data-canvas] canvas").CountAsync());

        await page.GetByText("The values as a table").ClickAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "The values of Loss" }).GetByText("0.060976", new() { Exact = true }).WaitForAsync();
        await page.GetByLabel("Log scale").CheckAsync();
        var canvas = (await page.Locator(".chart-large [data-canvas]").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(canvas.X + (canvas.Width / 2), canvas.Y + 100);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(canvas.X + (canvas.Width * 3 / 4), canvas.Y + 120, new() { Steps = 5 });
        await page.Mouse.UpAsync();
        await page.PressAsync("Show all steps");

        await home.NoteAsync(job, "succeeded", 50);
        await home.SetStateAsync(job, JobState.Succeeded);
        await page.Locator("[role=status]", new() { HasText = "succeeded" }).WaitForAsync();
        await page.SeeAsync("It is succeeded.");
        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Page_OfAFailedRun_BeginsWithTheRemedyAndTheCheckpoint()
    {
        await using var home = await RunHome.StartAsync(postgres);
        var (_, name) = await home.Server.CreateAdminAsync();
        var (job, folder) = await home.AddAsync(JobState.Failed);
        await home.SetFaultAsync(job, "out_of_memory", "The memory did not suffice.", "Lower train.per_device_batch_size.");
        await File.WriteAllTextAsync(folder.Events, RunHome.Started(1) + RunHome.Metric(2, 100, 2.5) + RunHome.Line(3, "\"type\":\"checkpoint\",\"step\":100,\"path\":\"x\""), Token);
        var page = await chromium.OpenAsync(home.Server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync($"/jobs/{job.Id}");
        var note = page.GetByRole(AriaRole.Alert).First;
        await note.GetByText("Lower train.per_device_batch_size.").WaitForAsync();
        await note.GetByText("The last good checkpoint is that of step 100").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).WaitForAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Compare_TwoRuns_ShowsCurvesDifferencesAndTheBest()
    {
        await using var home = await RunHome.StartAsync(postgres);
        var (_, name) = await home.Server.CreateAdminAsync();
        var ids = new List<string>();
        foreach (var (rate, loss) in new[] { (1e-4, 2.0), (2e-4, 1.0) })
        {
            var (job, folder) = await home.AddAsync(JobState.Succeeded, $"Rate {rate}", new JobSpec { JobId = "x", Model = new ModelSpec { Path = "/m" }, Data = new DataSpec { Train = "/d" }, Train = new TrainSpec { LearningRate = rate } });
            await File.WriteAllTextAsync(folder.Events, RunHome.Started(1) + RunHome.Evaluation(2, 0, 6) + RunHome.Metric(3, 1, 5) + RunHome.Metric(4, 2, loss) + RunHome.Evaluation(5, 2, loss), Token);
            ids.Add(job.Id);
        }

        var page = await chromium.OpenAsync(home.Server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync($"/jobs/compare?ids={string.Join(',', ids)}");
        await page.SeeAsync("train.learning_rate");
        await page.Locator("tr.best", new() { HasText = "Rate 0.0002" }).WaitForAsync();
        await page.GetByRole(AriaRole.Img, new() { Name = "Held-out loss: 2 points" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave out Rate 0.0001" }).ClickAsync();
        await page.SeeAsync("Add another run to see in what they differ.");
        await page.Context.CloseAsync();
    }
}
