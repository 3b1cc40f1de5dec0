using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.EndToEnd.Tests.Browser;

namespace Beep.EndToEnd.Tests.Support;

/// <summary>Jobs of a server that is a process of its own, asked for as a person's program does.</summary>
internal static partial class ServedJobs
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static HttpClient Client(ServerProcess server, CookieContainer cookies)
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
        using var changed = await SubmitAsync(client, "account/password", await answer.Content.ReadAsStringAsync(Token), ("new", "eight green kettles"), ("again", "eight green kettles"));
        Assert.Equal("/", changed.RequestMessage!.RequestUri!.AbsolutePath);
    }

    public static async Task<string> StartAsync(HttpClient client, JsonObject overrides, JsonObject? placement = null)
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
            new JsonObject { ["model"] = model, ["dataset"] = dataset, ["preset"] = "lora-small", ["start"] = true, ["overrides"] = overrides, ["placement"] = placement },
            Token);
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync(Token));
        return (string)JsonNode.Parse(await created.Content.ReadAsStringAsync(Token))!["id"]!;
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
