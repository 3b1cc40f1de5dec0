using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Processes;
using Beep.Tests;

namespace Beep.EndToEnd.Tests;

/// <summary>A job whose server is killed: the trainer goes on, and the next server tells everything once and in order.</summary>
public sealed partial class JobSurvivalTests
{
    private const int Steps = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_WhoseServerIsKilled_GoesOnAndIsToldWholeByTheNextOne()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals.");
        using var home = new TemporaryFolder();
        var environment = new Dictionary<string, string> { ["BEEP_PYTHON_HOME"] = home.Path, ["ENABLE_FINETUNE"] = "true" };
        Assert.Equal(0, (await BeepProgram.RunWithAsync(environment, "admin", "create", "--username", "ada", "--json")).ExitCode);
        var first = await ServerProcess.StartAsync(home.Path, environment);
        var cookies = new CookieContainer();
        await using (first)
        {
            using var client = Client(first, cookies);
            await SignInAsync(client, environment);
            var job = await StartAsync(client);
            var folder = new JobFolder(new HostPaths(home.Path).Job(job));
            await UntilAsync(() => Metrics(folder).Any());
            var worker = WorkerOf(folder);
            await first.KillAsync();
            var atDeath = Metrics(folder).Max(metric => metric.Step);

            // Nobody watches, and it learns.
            await UntilAsync(() => Metrics(folder).Max(metric => metric.Step) > atDeath);
            Assert.True(worker.IsAlive());
            await using var second = await ServerProcess.StartAsync(home.Path, environment, first.Address.Port);
            using var again = Client(second, cookies);
            JsonNode view = new JsonObject();
            await UntilAsync(async () => (string?)(view = await ReadAsync(again, $"api/v1/finetune/jobs/{job}"))["state"] is "succeeded" or "failed" or "cancelled");
            Assert.Equal(("succeeded", Steps), ((string?)view["state"], (int)view["step"]!));
            Assert.False(worker.IsAlive());

            var inFolder = EventReader.ReadFrom(folder.Events).Select(line => line.Event!).ToList();
            Assert.Equal(Enumerable.Range(1, inFolder.Count), inFolder.Select(happened => (int)happened.Seq));
            Assert.Null(Assert.Single(inFolder.OfType<StartedEvent>()).ResumedFrom);
            var told = await EventsAsync(again, job);
            Assert.Equal(told.Order(), told);
            Assert.Equal(told.Count, told.Distinct().Count());
            Assert.True(told.Count >= inFolder.Count, $"{told.Count} events are told of {inFolder.Count}.");
            Assert.Equal(0, await second.StopAsync());
        }
    }

    private static HttpClient Client(ServerProcess server, CookieContainer cookies)
    {
        var client = new HttpClient(new HttpClientHandler { CookieContainer = cookies }) { BaseAddress = server.Address };
        client.DefaultRequestHeaders.Add("X-Beep-Request", "1");
        return client;
    }

    /// <summary>By a link of the command line, and then with a password of one's own.</summary>
    private static async Task SignInAsync(HttpClient client, Dictionary<string, string> environment)
    {
        var said = await BeepProgram.RunWithAsync(environment, "admin", "break-glass", "--json");
        var link = (string)JsonNode.Parse(said.Output)!["link"]!;
        var page = await client.GetStringAsync("sign-in/link", Token);
        using var answer = await SubmitAsync(client, "account/link", page, ("token", link[(link.IndexOf('#', StringComparison.Ordinal) + 1)..]));
        using var changed = await SubmitAsync(client, "account/password", await answer.Content.ReadAsStringAsync(Token), ("new", "eight green kettles"), ("again", "eight green kettles"));
        Assert.Equal("/", changed.RequestMessage!.RequestUri!.AbsolutePath);
    }

    private static async Task<string> StartAsync(HttpClient client)
    {
        using var form = new MultipartFormDataContent();
        var rows = string.Concat(Enumerable.Range(1, 400).Select(number => $$"""{"prompt": "What comes after {{number}}?", "completion": "After {{number}} comes {{number + 1}}."}""" + "\n"));
        using var file = new StringContent(rows);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/jsonl");
        form.Add(file, "file", "numbers.jsonl");
        using var uploaded = await client.PostAsync("api/v1/finetune/datasets", form, Token);
        Assert.True(uploaded.IsSuccessStatusCode, await uploaded.Content.ReadAsStringAsync(Token));
        var dataset = (string)JsonNode.Parse(await uploaded.Content.ReadAsStringAsync(Token))!["dataset"]!["id"]!;
        await UntilAsync(async () => (string?)(await ReadAsync(client, $"api/v1/finetune/datasets/{dataset}"))["latest"]?["state"] == "ready");
        var model = (string)(await ReadAsync(client, "api/v1/models"))["items"]![0]!["id"]!;
        using var created = await client.PostAsJsonAsync(
            "api/v1/finetune/jobs",
            new JsonObject { ["model"] = model, ["dataset"] = dataset, ["preset"] = "lora-small", ["start"] = true, ["overrides"] = new JsonObject { ["train.max_steps"] = Steps, ["train.save_steps"] = 10 } },
            Token);
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync(Token));
        return (string)JsonNode.Parse(await created.Content.ReadAsStringAsync(Token))!["id"]!;
    }

    private static async Task<List<long>> EventsAsync(HttpClient client, string job)
    {
        List<long> numbers = [];
        for (string? cursor = null; ;)
        {
            var page = await ReadAsync(client, $"api/v1/finetune/jobs/{job}/events?size=100{(cursor is null ? "" : $"&cursor={cursor}")}");
            numbers.AddRange(page["items"]!.AsArray().Select(happened => (long)happened!["seq"]!));
            if (page["items"]!.AsArray().Count == 0 || (string?)page["next"] is not { } next || next == cursor)
            {
                return numbers;
            }

            cursor = next;
        }
    }

    private static ProcessIdentity WorkerOf(JobFolder folder)
    {
        var entry = ProcessTable.ReadAll().Single(process => !process.IsEnded && CommandLineOf(process.Pid) is { } line && line.Contains(folder.Root, StringComparison.Ordinal) && line.Contains("train", StringComparison.Ordinal));
        return ProcessIdentity.Of(entry.Pid)!;
    }

    private static string? CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static IEnumerable<MetricEvent> Metrics(JobFolder folder) =>
        File.Exists(folder.Events) ? EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<MetricEvent>() : [];

    private static async Task<JsonNode> ReadAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(path, Token))!;

    private static Task<HttpResponseMessage> SubmitAsync(HttpClient client, string path, string page, params (string Name, string Value)[] fields) => client.PostAsync(
        path,
        new FormUrlEncodedContent([.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), KeyValuePair.Create("__RequestVerificationToken", FormToken().Match(page).Groups[1].Value)]),
        Token);

    private static Task UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); !await isSo(); await Task.Delay(100, Token))
        {
            Assert.True(waited.Elapsed < Patience);
        }
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex FormToken();
}
