using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Host.Tasks;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;

namespace Beep.EndToEnd.Tests;

/// <summary><c>beep quickstart</c> with its server: the link lets its reader in, the run is a task there, and nothing is left when it stops.</summary>
public sealed partial class QuickstartServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Quickstart_FromNothing_LetsItsReaderInWhoWatchesAndCancelsTheRun()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals.");
        using var home = new TemporaryFolder();
        await using var server = await ServerProcess.StartAsync(home.Path, arguments: "quickstart");
        using var client = new HttpClient { BaseAddress = server.Address };
        var link = await UntilAsync(() => Link().Match(server.Output) is { Success: true } match ? match.Value : null, server);
        Assert.StartsWith($"http://127.0.0.1:{server.Address.Port}/sign-in/link#", link, StringComparison.Ordinal);

        var settings = JsonNode.Parse(await File.ReadAllTextAsync(home.At("config", "host.json"), Token))!;
        Assert.Equal((true, 64), ((bool)settings["ENABLE_FINETUNE"]!, ((string)settings["SECRET_KEY"]!).Length));
        var forced = await SignInAsync(client, link);
        Assert.Contains("Choose a password of your own", forced, StringComparison.Ordinal);
        Assert.DoesNotContain("Current password", forced, StringComparison.Ordinal);
        var overview = await SubmitAsync(client, "account/password", forced, ("new", "eight green kettles"), ("again", "eight green kettles"));
        Assert.Equal("/", overview.RequestMessage!.RequestUri!.AbsolutePath);

        // It would be over before all that is done here.
        await UntilAsync(async () => await FindTaskAsync(home) is { Progress: > 1, Message: { } message } && message.StartsWith("Step ", StringComparison.Ordinal) ? "" : null, server);
        var worker = JobClient.WorkerOf(new JobFolder(home.At("quickstart"))).Pid;
        BeepProgram.Signal(worker, BeepProgram.Pause);
        var task = await UntilAsync(async () => await FindTaskAsync(client) is { } found && (string?)found["status"] == "running" && (int)found["progress"]! > 0 ? found : null, server);
        Assert.Equal(("finetune.train", "Quickstart: fine-tune beep-tiny"), ((string?)task["kind"], (string?)task["name"]));
        Assert.Matches(@"^Step \d+ of 108, loss ", (string?)task["message"]);

        // A second call finds the server, adds nothing, and has another link.
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path };
        var beside = await BeepProgram.RunWithAsync(environment, "quickstart", "--json");
        Assert.Equal((0, ""), (beside.ExitCode, beside.Error));
        var said = JsonNode.Parse(beside.Output)!;
        Assert.Equal(((string?)task["id"], $"http://127.0.0.1:{server.Address.Port}/"), ((string?)said["task_id"], (string?)said["address"]));
        using var other = new HttpClient { BaseAddress = server.Address };
        Assert.Contains("Overview", await SignInAsync(other, (string)said["sign_in_link"]!), StringComparison.Ordinal);

        using (var cancel = new HttpRequestMessage(HttpMethod.Post, $"api/v1/tasks/{task["id"]}/cancel") { Headers = { { "X-Beep-Request", "1" } } })
        {
            Assert.Equal(HttpStatusCode.Accepted, (await client.SendAsync(cancel, Token)).StatusCode);
            BeepProgram.Signal(worker, BeepProgram.GoOn);
        }

        var ended = await UntilAsync(async () => await FindTaskAsync(client) is { } found && (string?)found["status"] == "cancelled" ? found : null, server);
        Assert.Matches(@"^Stopped; the checkpoint of step \d+ is saved$", (string?)ended["message"]);
        await UntilAsync(() => server.Output.Contains("Still serving at", StringComparison.Ordinal) ? "" : null, server);
        Assert.Contains("The run was cancelled; the checkpoint of step", server.Output, StringComparison.Ordinal);
        Assert.Equal((int)WorkerExitCode.Cancelled, await server.StopAsync());
        AssertNothingIsLeft(home);
    }

    [Fact]
    public async Task Quickstart_InterruptedWhileItTrains_SavesAndGoesOnNextTime()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals.");
        using var home = new TemporaryFolder();
        var folder = new JobFolder(home.At("quickstart"));
        await using (var first = await ServerProcess.StartAsync(home.Path, arguments: "quickstart"))
        {
            await UntilAsync(() => Metrics(folder).Any() ? "" : null, first);
            Assert.Equal((int)WorkerExitCode.Cancelled, await first.StopAsync());
            Assert.Contains("Stopped; the checkpoint of step", first.Output, StringComparison.Ordinal);
            Assert.Contains("Go on with: beep quickstart", first.Output, StringComparison.Ordinal);
        }

        AssertNothingIsLeft(home);
        var saved = folder.ListCheckpoints()[^1].Step;
        // The next server goes on by itself.
        await using var second = await ServerProcess.StartAsync(home.Path);
        await UntilAsync(() => EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<StartedEvent>().Any(started => started.ResumedFrom == saved) ? "" : null, second);
        await UntilAsync(() => Metrics(folder).Any(metric => metric.Step > saved) ? "" : null, second);
        Assert.Equal(0, await second.StopAsync());
        AssertNothingIsLeft(home);
    }

    [Fact]
    public async Task Quickstart_ServerKilled_RunGoesOnAndTheNextServerTakesItOver()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals.");
        using var home = new TemporaryFolder();
        var folder = new JobFolder(home.At("quickstart"));
        var wholeRun = TimeSpan.FromMinutes(4);
        ProcessIdentity worker;
        int atDeath;
        await using (var first = await ServerProcess.StartAsync(home.Path, arguments: "quickstart"))
        {
            await UntilAsync(() => Metrics(folder).Any() ? "" : null, first);
            worker = ProcessIdentity.Parse((await ReadTaskAsync(home)).Process)!;
            BeepProgram.Signal(worker.Pid, BeepProgram.Pause);
            await first.KillAsync();
            atDeath = Metrics(folder).Max(metric => metric.Step);
            BeepProgram.Signal(worker.Pid, BeepProgram.GoOn);
        }

        // Nobody watches, and it learns.
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); Metrics(folder).Max(metric => metric.Step) <= atDeath; await Task.Delay(100, Token))
        {
            Assert.True(worker.IsAlive() && waited.Elapsed < Patience, $"No step after {atDeath}.");
        }

        await using var second = await ServerProcess.StartAsync(home.Path);
        await UntilAsync(async () => await ReadTaskAsync(home) is { Status: TaskState.Running, Message: { } message } && message.StartsWith("Step ", StringComparison.Ordinal) ? "" : null, second);
        var done = await UntilAsync(async () => await ReadTaskAsync(home) is { Status: TaskState.Completed } task ? task : null, second, wholeRun);
        Assert.Equal((1, null), (done.Attempts, done.Error));
        Assert.False(worker.IsAlive());
        var events = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(happened => (int)happened.Seq));
        Assert.Null(Assert.Single(events.OfType<StartedEvent>()).ResumedFrom);
        Assert.Equal(Enumerable.Range(1, 108), events.OfType<MetricEvent>().Select(metric => metric.Step));
        Assert.Equal(0, await second.StopAsync());
        AssertNothingIsLeft(home);
    }

    private static async Task<TaskRow> ReadTaskAsync(TemporaryFolder home) => await FindTaskAsync(home) ?? throw new InvalidOperationException("There is no task.");

    private static async Task<TaskRow?> FindTaskAsync(TemporaryFolder home)
    {
        await using var context = new HostDatabase(new SqliteAddress(home.At("beep.db"))).CreateContext();
        return await context.Set<TaskRow>().AsNoTracking().SingleOrDefaultAsync(task => task.Kind == "finetune.train", Token);
    }

    private static IEnumerable<MetricEvent> Metrics(JobFolder folder) => EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<MetricEvent>();

    /// <summary>No worker holds the folder, and no server its mark.</summary>
    private static void AssertNothingIsLeft(TemporaryFolder home)
    {
        using var free = JobLock.TryTake(new JobFolder(home.At("quickstart")));
        Assert.NotNull(free);
        Assert.False(File.Exists(home.At("server.json")));
    }

    private static async Task<string> SignInAsync(HttpClient client, string link)
    {
        var page = await client.GetStringAsync("sign-in/link", Token);
        using var answer = await SubmitAsync(client, "account/link", page, ("token", link[(link.IndexOf('#', StringComparison.Ordinal) + 1)..]));
        return await answer.Content.ReadAsStringAsync(Token);
    }

    private static Task<HttpResponseMessage> SubmitAsync(HttpClient client, string path, string page, params (string Name, string Value)[] fields) => client.PostAsync(
        path,
        new FormUrlEncodedContent([.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), KeyValuePair.Create("__RequestVerificationToken", FormToken().Match(page).Groups[1].Value)]),
        Token);

    private static async Task<JsonNode?> FindTaskAsync(HttpClient client) =>
        JsonNode.Parse(await client.GetStringAsync("api/v1/tasks?kind=finetune.train", Token))!["items"]!.AsArray().SingleOrDefault();

    private static Task<T> UntilAsync<T>(Func<T?> look, ServerProcess server) where T : class => UntilAsync(() => Task.FromResult(look()), server);

    private static Task<T> UntilAsync<T>(Func<Task<T?>> look, ServerProcess server) where T : class => UntilAsync(look, server, Patience);

    private static async Task<T> UntilAsync<T>(Func<Task<T?>> look, ServerProcess server, TimeSpan patience) where T : class
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(100, Token))
        {
            if (await look() is { } found)
            {
                return found;
            }

            Assert.True(waited.Elapsed < patience, server.Output);
        }
    }

    [GeneratedRegex(@"http://\S+/sign-in/link#[\w-]{43}")]
    private static partial Regex Link();

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex FormToken();
}
