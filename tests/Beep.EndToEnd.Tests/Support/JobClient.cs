using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;
using Beep.Host.Hosting.Processes;

namespace Beep.EndToEnd.Tests.Support;

/// <summary>What a person does with jobs of a server that is a process of its own, over HTTP.</summary>
internal static partial class JobClient
{
    /// <summary>What <see cref="SignInAsync"/> makes the password.</summary>
    public const string Password = "eight green kettles";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static HttpClient Open(ServerProcess server, CookieContainer cookies)
    {
        var client = new HttpClient(new HttpClientHandler { CookieContainer = cookies }) { BaseAddress = server.Address };
        client.DefaultRequestHeaders.Add("X-Beep-Request", "1");
        return client;
    }

    /// <summary>By a link of the command line, and then with a password of one's own.</summary>
    public static async Task SignInAsync(HttpClient client, Dictionary<string, string> environment)
    {
        var said = await BeepProgram.RunWithAsync(environment, "admin", "break-glass", "--json");
        var link = (string)JsonNode.Parse(said.Output)!["link"]!;
        var page = await client.GetStringAsync("sign-in/link", Token);
        using var answer = await SubmitAsync(client, "account/link", page, ("token", link[(link.IndexOf('#', StringComparison.Ordinal) + 1)..]));
        using var changed = await SubmitAsync(client, "account/password", await answer.Content.ReadAsStringAsync(Token), ("new", Password), ("again", Password));
        Assert.Equal("/", changed.RequestMessage!.RequestUri!.AbsolutePath);
    }

    /// <summary>Uploads rows of numbers and waits until they are ready; returns the dataset's id.</summary>
    public static async Task<string> UploadAsync(HttpClient client, int count)
    {
        using var form = new MultipartFormDataContent();
        var rows = string.Concat(Enumerable.Range(1, count).Select(number => $$"""{"prompt": "What comes after {{number}}?", "completion": "After {{number}} comes {{number + 1}}."}""" + "\n"));
        using var file = new StringContent(rows);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/jsonl");
        form.Add(file, "file", "numbers.jsonl");
        using var uploaded = await client.PostAsync("api/v1/finetune/datasets", form, Token);
        Assert.True(uploaded.IsSuccessStatusCode, await uploaded.Content.ReadAsStringAsync(Token));
        var dataset = (string)JsonNode.Parse(await uploaded.Content.ReadAsStringAsync(Token))!["dataset"]!["id"]!;
        await UntilAsync(async () => (string?)(await ReadAsync(client, $"api/v1/finetune/datasets/{dataset}"))["latest"]?["state"] == "ready");
        return dataset;
    }

    /// <summary>Sends a request that is to succeed.</summary>
    public static async Task<JsonNode> PostAsync(HttpClient client, string path, JsonNode? body = null)
    {
        using var answer = await client.PostAsJsonAsync(path, body, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return JsonNode.Parse(text)!;
    }

    public static async Task<List<long>> EventsAsync(HttpClient client, string job)
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

    /// <summary>How often the worker was started, and from where.</summary>
    public static IReadOnlyList<StartedEvent> Starts(JobFolder folder) => [.. EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<StartedEvent>()];

    /// <summary>The job when it has ended, however that was.</summary>
    public static async Task<JsonNode> EndAsync(HttpClient client, string job)
    {
        JsonNode view = new JsonObject();
        await UntilAsync(async () => (string?)(view = await ReadAsync(client, $"api/v1/finetune/jobs/{job}"))["state"] is "succeeded" or "failed" or "cancelled");
        return view;
    }

    public static ProcessIdentity WorkerOf(JobFolder folder)
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

    public static IEnumerable<MetricEvent> Metrics(JobFolder folder) =>
        File.Exists(folder.Events) ? EventReader.ReadFrom(folder.Events).Select(line => line.Event).OfType<MetricEvent>() : [];

    public static async Task<JsonNode> ReadAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(path, Token))!;

    private static Task<HttpResponseMessage> SubmitAsync(HttpClient client, string path, string page, params (string Name, string Value)[] fields) => client.PostAsync(
        path,
        new FormUrlEncodedContent([.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), KeyValuePair.Create("__RequestVerificationToken", FormToken().Match(page).Groups[1].Value)]),
        Token);

    public static Task UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); !await isSo(); await Task.Delay(100, Token))
        {
            Assert.True(waited.Elapsed < Patience);
        }
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex FormToken();
}
