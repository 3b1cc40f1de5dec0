using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Host.Models;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Beep.EndToEnd.Tests.Browser;

/// <summary>The main job in a browser, with published rows and the shipped model: from a file to an adapter that answers.</summary>
public sealed partial class FineTuneDayTests(Chromium chromium, PostgresServer postgres)
{
    private const int Steps = 60;

    // A step takes about a second on two processors that do something else besides.
    private const float Patience = 240_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gsm8k_UploadedReadTrainedLeftCancelledResumedComparedAndTakenAway()
    {
        Assert.SkipUnless(Chromium.IsInstalled, Chromium.Missing);
        using var folder = new TemporaryFolder();
        var file = Gsm8k(folder);
        await using var server = await RunningServer.StartAsync(TestDatabase.Sqlite, postgres, options => options with { EnableFinetune = true });
        var (_, name) = await server.CreateAdminAsync();
        var page = await chromium.OpenAsync(server.Address);
        await page.SignInAsync(name, RunningServer.Password);

        // The file, and what is to be known of it.
        await page.OpenPageAsync("/datasets");
        await page.Locator("input[type=file]").SetInputFilesAsync(file);
        await page.ArriveAsync("**/datasets/*", timeout: Patience);
        await page.SeeAsync("Every row is sound");

        // A job on it.
        await page.OpenPageAsync($"/jobs/new?dataset={page.Url.Split('/', '?', '#')[4]}");
        await page.GetByLabel("What learns").SelectOptionAsync(new SelectOptionValue { Value = (await ModelAsync(server)).Id });
        await page.GetByText("lora-small", new() { Exact = true }).ClickAsync();
        await page.GetByText("Advanced").ClickAsync();
        await page.GetByLabel("Longest row").FillAsync("128");
        // Cut to so few tokens, some rows would have nothing left to learn: the plan says so, and mends it.
        await page.GetByRole(AriaRole.Button, new() { NameRegex = FixLonger() }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { NameRegex = FixEmpty() }).ClickAsync();
        await page.GetByLabel("Batch", new() { Exact = true }).FillAsync("2");
        await page.GetByLabel("Steps", new() { Exact = true }).FillAsync($"{Steps}");
        await page.GetByLabel("Name").FillAsync("Word problems");
        await page.SeeAsync("Ready to start");
        await page.PressAsync("Start");
        await page.ArriveAsync(url => JobAddress().IsMatch(url));
        var job = page.Url[^16..];
        var jobFolder = new JobFolder(server.Services.GetRequiredService<HostPaths>().Job(job));
        await UntilAsync(() => Task.FromResult(JobClient.Metrics(jobFolder).Count() > 2));
        // Stands still while somebody looks, or it could be over meanwhile.
        var worker = JobClient.WorkerOf(jobFolder).Pid;
        BeepProgram.Signal(worker, BeepProgram.Pause);

        // Points come without a reload; then the browser goes, and the run does not notice.
        await page.GetByRole(AriaRole.Img, new() { NameRegex = Points() }).WaitForAsync(new() { Timeout = Patience });
        var seen = await PointsAsync(page);
        BeepProgram.Signal(worker, BeepProgram.GoOn);
        await page.WaitForFunctionAsync("seen => { const label = document.querySelector('[role=img][aria-label^=\"Loss: \"]')?.getAttribute('aria-label'); return label && parseInt(label.slice(6).replace(',', '')) > seen; }", seen, new() { Timeout = Patience });
        BeepProgram.Signal(worker, BeepProgram.Pause);
        await page.Context.CloseAsync();
        using var admin = await server.CreateAdminClientAsync();
        var left = (long)(await JobAsync(admin, job))["step"]!;
        BeepProgram.Signal(worker, BeepProgram.GoOn);
        await UntilAsync(async () => (long)(await JobAsync(admin, job))["step"]! >= left + 3);
        BeepProgram.Signal(worker, BeepProgram.Pause);

        // Back again: everything that happened meanwhile is there.
        page = await chromium.OpenAsync(server.Address);
        await page.SignInAsync(name, RunningServer.Password);
        await page.OpenPageAsync($"/jobs/{job}");
        await page.GetByRole(AriaRole.Img, new() { NameRegex = Points() }).WaitForAsync();
        Assert.True(await PointsAsync(page) >= left + 3);

        await page.PressAsync("Cancel");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { NameRegex = CancelIt() }).ClickAsync();
        BeepProgram.Signal(worker, BeepProgram.GoOn);
        await page.Locator("[role=status]", new() { HasText = "cancelled" }).WaitForAsync(new() { Timeout = Patience });
        await page.PressAsync("Resume");
        await page.Locator("[role=status]", new() { HasText = "succeeded" }).WaitForAsync(new() { Timeout = Patience });
        var events = EventReader.ReadFrom(jobFolder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => (int)happened.Seq));
        Assert.Equal(Enumerable.Range(1, Steps), events.OfType<MetricEvent>().Select(metric => metric.Step).Distinct());

        // Beside another one with another rate.
        using var other = await admin.PostAsJsonAsync("/api/v1/finetune/jobs", Another((await JobAsync(admin, job)).AsObject()), Token);
        Assert.True(other.IsSuccessStatusCode, await other.Content.ReadAsStringAsync(Token));
        var second = (string)JsonNode.Parse(await other.Content.ReadAsStringAsync(Token))!["id"]!;
        await UntilAsync(async () => (string?)(await JobAsync(admin, second))["state"] == "succeeded");
        await page.OpenPageAsync($"/jobs/compare?ids={job},{second}");
        await page.SeeAsync("train.learning_rate");

        // All of it as one file, of which the adapter answers.
        await page.OpenPageAsync($"/jobs/{job}");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Download everything" }).ClickAsync());
        var archive = folder.At("archive.zip");
        await download.SaveAsAsync(archive);
        await ZipFile.ExtractToDirectoryAsync(archive, folder.At("archive"), Token);
        var answer = await BeepProgram.RunAsync("generate", "--model", RepositoryFiles.At("models", "beep-tiny"), "--adapter", folder.At("archive", "artifacts", "adapter"), "--prompt", "Tom has 3 apples and buys 2. How many has he?", "--max-new-tokens", "16");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        Assert.NotEmpty(answer.Output.Trim());
        await page.Context.CloseAsync();
    }

    private static async Task<Model> ModelAsync(RunningServer server) =>
        await server.Services.GetRequiredService<ModelRegistry>().FindAsync(ModelSeeder.Name, Token) ?? throw new InvalidOperationException("The shipped model is not in the registry.");

    /// <summary>The published rows where they are at hand; else as many of the same form, made here.</summary>
    private static string Gsm8k(TemporaryFolder folder)
    {
        var published = Path.Combine(RepositoryFiles.Root, "..", "shared", "data", "gsm8k", "train.jsonl");
        return File.Exists(published)
            ? published
            : folder.Write("train.jsonl", string.Concat(Enumerable.Range(1, 2000).Select(number => new JsonObject
            {
                // Some longer than the test's bound, and some with nothing but a question within it.
                ["question"] = $"{(number % 10 == 0 ? string.Concat(Enumerable.Repeat("On a long shelf there are many other things that nobody counts. ", 30)) : "")}Ada has {number} pencils and buys {number % 7} more. How many has she then?",
                ["answer"] = $"{(number % 3 == 0 ? string.Concat(Enumerable.Repeat("First she lays them side by side. ", 40)) : "")}She has {number} + {number % 7} = <<{number}+{number % 7}={number + (number % 7)}>>{number + (number % 7)} pencils.\n#### {number + (number % 7)}",
            }.ToJsonString() + "\n")));
    }

    /// <summary>The same with a learning rate of its own and fewer steps, by what a job says of itself.</summary>
    private static JsonObject Another(JsonObject job) => new()
    {
        ["name"] = "Slower",
        ["model"] = job["model"]!["id"]!.DeepClone(),
        ["dataset"] = job["dataset"]!["id"]!.DeepClone(),
        ["preset"] = "lora-small",
        ["overrides"] = new JsonObject { ["train.learning_rate"] = 1e-5, ["train.max_steps"] = 5, ["data.max_length"] = 128, ["data.overlong"] = "truncate", ["data.untrainable"] = "drop", ["train.per_device_batch_size"] = 2 },
        ["start"] = true,
    };

    private static async Task<JsonNode> JobAsync(HttpClient client, string id) => JsonNode.Parse(await client.GetStringAsync($"/api/v1/finetune/jobs/{id}", Token))!;

    private static async Task<int> PointsAsync(IPage page) =>
        int.Parse(Points().Match((await page.GetByRole(AriaRole.Img, new() { NameRegex = Points() }).GetAttributeAsync("aria-label"))!).Groups[1].Value.Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture);

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); !await isSo(); await Task.Delay(250, Token))
        {
            Assert.True(waited.ElapsedMilliseconds < Patience);
        }
    }

    [GeneratedRegex("/jobs/[0-9a-f]{16}$")]
    private static partial Regex JobAddress();

    [GeneratedRegex("^Loss: ([\\d,]+) points")]
    private static partial Regex Points();

    [GeneratedRegex("^Fix: Longer rows to truncate")]
    private static partial Regex FixLonger();

    [GeneratedRegex("^Fix: Rows with nothing to learn to drop")]
    private static partial Regex FixEmpty();

    [GeneratedRegex("^Cancel the job$", RegexOptions.IgnoreCase)]
    private static partial Regex CancelIt();
}
