using System.Net;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Tests;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>A run with Transformers in a real environment, from the page to the model that came out, over a cancel and a server that is killed.</summary>
public sealed partial class TransformersDayTests(Chromium chromium)
{
    private const int Steps = 400;
    private const float Patience = 180_000;

    [Fact]
    public async Task Run_InARealEnvironment_IsCancelledResumedSurvivesItsServerAndGivesAModel()
    {
        Assert.SkipUnless(Chromium.IsInstalled, Chromium.Missing);
        Assert.SkipWhen(PythonWorker.Hindrance(needsPeft: false) is not null, PythonWorker.Hindrance(needsPeft: false) ?? "");
        using var home = new TemporaryFolder();
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path, ["ENABLE_FINETUNE"] = "true" };
        Assert.Equal(0, (await BeepProgram.RunWithAsync(environment, "admin", "create", "--username", "ada", "--json")).ExitCode);
        var cookies = new CookieContainer();
        await using var first = await ServerProcess.StartAsync(home.Path, environment);
        using var client = JobClient.Open(first, cookies);
        await JobClient.SignInAsync(client, environment);
        await PythonWorker.RegisterAsync(client, "debian");
        var dataset = await JobClient.UploadAsync(client, 200);

        var page = await chromium.OpenAsync(first.Address);
        await page.SignInAsync("ada", JobClient.Password);
        await page.OpenPageAsync($"/jobs/new?dataset={dataset}");
        await page.GetByLabel("What learns").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await page.Locator("label.choice strong", new() { HasTextRegex = Full() }).ClickAsync();
        await page.GetByLabel("What trains it").SelectOptionAsync(new SelectOptionValue { Label = "Transformers in debian" });
        await page.GetByText("Advanced").ClickAsync();
        await page.GetByLabel("Longest row").FillAsync("64");
        await page.GetByLabel("Batch", new() { Exact = true }).FillAsync("2");
        await page.GetByLabel("Accumulation", new() { Exact = true }).FillAsync("1");
        await page.GetByLabel("Steps", new() { Exact = true }).FillAsync($"{Steps}");
        await page.SeeAsync("Ready to start");
        await page.PressAsync("Start");
        await page.ArriveAsync(url => JobAddress().IsMatch(url));
        var job = page.Url[^16..];
        var folder = new JobFolder(new HostPaths(home.Path).Job(job));
        await page.GetByRole(AriaRole.Img, new() { NameRegex = Points() }).WaitForAsync(new() { Timeout = Patience });
        await page.PressAsync("Cancel");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { NameRegex = CancelIt() }).ClickAsync();
        await page.Locator("[role=status]", new() { HasText = "cancelled" }).WaitForAsync(new() { Timeout = Patience });
        var saved = Assert.Single(folder.ListCheckpoints()).Step;
        await page.PressAsync("Resume");
        await JobClient.UntilAsync(() => JobClient.Metrics(folder).Any(metric => metric.Step > saved));
        await page.Context.CloseAsync();

        var worker = JobClient.WorkerOf(folder);
        await first.KillAsync();
        var atDeath = JobClient.Metrics(folder).Max(metric => metric.Step);
        Assert.True(worker.IsAlive());
        await JobClient.UntilAsync(() => JobClient.Metrics(folder).Max(metric => metric.Step) > atDeath);
        await using var second = await ServerProcess.StartAsync(home.Path, environment, first.Address.Port);
        page = await chromium.OpenAsync(second.Address);
        await page.SignInAsync("ada", JobClient.Password);
        await page.OpenPageAsync($"/jobs/{job}");
        await page.Locator("[role=status]", new() { HasText = "succeeded" }).WaitForAsync(new() { Timeout = Patience });
        await page.SeeAsync("merged");
        await page.Context.CloseAsync();

        var events = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => (int)happened.Seq));
        Assert.Equal([null, saved], events.OfType<StartedEvent>().Select(started => started.ResumedFrom));
        Assert.All(events.OfType<StartedEvent>(), started => Assert.Equal("transformers", started.Backend));
        Assert.Equal(Enumerable.Range(1, Steps), events.OfType<MetricEvent>().Select(metric => (int)metric.Step).Distinct());
        // What Transformers wrote, the shipped trainer reads.
        var answer = await BeepProgram.RunAsync("generate", "--model", folder.Merged, "--prompt", "What comes after 4?", "--max-new-tokens", "8");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        Assert.NotEmpty(answer.Output.Trim());
    }

    [GeneratedRegex("^full$")]
    private static partial Regex Full();

    [GeneratedRegex("/jobs/[0-9a-f]{16}$")]
    private static partial Regex JobAddress();

    [GeneratedRegex("^Loss: [1-9][0-9,]* points")]
    private static partial Regex Points();

    [GeneratedRegex("^Cancel the job$", RegexOptions.IgnoreCase)]
    private static partial Regex CancelIt();
}
