using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Datasets;

/// <summary>A server with the fine-tuning area on, and what tests of datasets do with it.</summary>
internal sealed class DatasetServer : IAsyncDisposable
{
    public const string Root = "/api/v1/finetune/datasets";
    public const string Uploads = "/api/v1/finetune/uploads";
    public const string GoodRow = """{"prompt": "What is a harbour?", "completion": "A place where ships rest."}""";

    private DatasetServer(RunningServer server, HttpClient client) => (Server, Client) = (server, client);

    public static byte[] GoodRows => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 20).Select(row => $$"""{"prompt": "What is {{row}}?", "completion": "The number {{row}}."}""" + "\n")));

    public RunningServer Server { get; }

    /// <summary>Somebody who may add datasets and administers nothing.</summary>
    public HttpClient Client { get; }

    public HostPaths Paths => Server.Services.GetRequiredService<HostPaths>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<DatasetServer> StartAsync(PostgresServer postgres, string kind = TestDatabase.Sqlite, Func<HostOptions, HostOptions>? change = null, DatasetOptions? options = null, Action<IServiceCollection>? configure = null)
    {
        var server = await RunningServer.StartAsync(
            kind, postgres, host => (change?.Invoke(host) ?? host) with { EnableFinetune = true },
            services =>
            {
                services.AddSingleton(options ?? new DatasetOptions { UploadsPerMinute = 10_000, ConcurrentUploads = 50 });
                configure?.Invoke(services);
            });
        return new DatasetServer(server, await server.CreateAdminClientAsync("finetune.read", "finetune.datasets.write", "llm:view"));
    }

    public Task<HttpClient> CreateOtherClientAsync() => Server.CreateAdminClientAsync("finetune.read", "finetune.datasets.write", "llm:view");

    /// <summary>Uploads a file in a form.</summary>
    public async Task<(int Status, JsonNode Body)> UploadAsync(byte[] content, string fileName = "rows.jsonl", string? datasetId = null, HttpClient? client = null, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        form.Add(new ByteArrayContent(content), "file", fileName);
        return await SendAsync(HttpMethod.Post, datasetId is null ? Root : $"{Root}/{datasetId}/versions", form, client);
    }

    public async Task<(int Status, JsonNode Body)> SendAsync(HttpMethod method, string path, HttpContent? content = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await (client ?? Client).SendAsync(request, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        return ((int)answer.StatusCode, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!);
    }

    public async Task<JsonNode> GetAsync(string path, HttpClient? client = null)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path, client: client);
        Assert.True(status == 200, $"{path}: {status} {body}");
        return body;
    }

    public Task<(int Status, JsonNode Body)> PostAsync(string path, object body, HttpClient? client = null) => SendAsync(HttpMethod.Post, path, JsonContent.Create(body), client);

    /// <summary>Uploads, and waits until the rows were read; the dataset's id.</summary>
    public async Task<string> AddAsync(byte[] content, string fileName = "rows.jsonl", string? name = null, HttpClient? client = null)
    {
        var (status, body) = await UploadAsync(content, fileName, null, client, [("name", name ?? $"set {Guid.NewGuid():N}")]);
        Assert.True(status == 201, body.ToJsonString());
        var id = (string)body["dataset"]!["id"]!;
        await UntilCheckedAsync(id, 1, client);
        return id;
    }

    public async Task<JsonNode> UntilCheckedAsync(string id, int version, HttpClient? client = null)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < RunningServer.Patience;)
        {
            var found = await GetAsync($"{Root}/{id}/versions/{version}", client);
            if ((string?)found["state"] != "checking")
            {
                return found;
            }

            await Task.Delay(50, Token);
        }

        throw new TimeoutException($"Version {version} of {id} is still being checked.");
    }

    public async Task<JsonNode> UntilTaskEndsAsync(string id)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < RunningServer.Patience;)
        {
            var found = await GetAsync($"/api/v1/tasks/{id}");
            if ((string?)found["status"] is not ("pending" or "running"))
            {
                return found;
            }

            await Task.Delay(50, Token);
        }

        throw new TimeoutException($"The task {id} does not end.");
    }

    /// <summary>Begins a resumable upload; what was answered, with the address of the upload.</summary>
    public async Task<(HttpStatusCode Status, string? Location, string Body)> BeginAsync(long length, string fileName, string? name = null, string? extra = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Uploads);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", $"{length}");
        request.Headers.Add("Upload-Metadata", $"filename {Base64(fileName)}" + (name is null ? "" : $",name {Base64(name)}") + extra);
        using var answer = await (client ?? Client).SendAsync(request, Token);
        return (answer.StatusCode, answer.Headers.Location?.OriginalString, await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Sends bytes of a resumable upload.</summary>
    public async Task<(int Status, string? Offset, string? Dataset, JsonNode Body)> PatchAsync(string location, long offset, byte[] bytes, string? checksum = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent(bytes) };
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Offset", $"{offset}");
        request.Content.Headers.ContentType = new("application/offset+octet-stream");
        if (checksum is not null)
        {
            request.Headers.Add("Upload-Checksum", checksum);
        }

        using var answer = await Client.SendAsync(request, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        return ((int)answer.StatusCode, Header(answer, "Upload-Offset"), Header(answer, "Beep-Dataset"), text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!);
    }

    public async Task<(int Status, string? Offset)> HeadAsync(string location)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, location);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        using var answer = await Client.SendAsync(request, Token);
        return ((int)answer.StatusCode, Header(answer, "Upload-Offset"));
    }

    /// <summary>That nothing of a refused upload is left: no row, no file, nothing used.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        await using (var context = Server.Services.GetRequiredService<FineTuneDatabase>().CreateContext())
        {
            Assert.Empty(await context.Set<Dataset>().Where(dataset => dataset.DeletedAt == null).Select(dataset => dataset.Name).ToListAsync(Token));
        }

        foreach (var folder in new[] { Paths.Uploads, Paths.Datasets }.Where(Directory.Exists))
        {
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories));
        }

        var used = (await GetAsync("/api/v1/finetune/usage"))["used"]!;
        Assert.Equal((0L, 0), ((long)used["bytes"]!, (int)used["datasets"]!));
    }

    /// <summary>Deletes every dataset, so that the next test finds none.</summary>
    public async Task ClearAsync()
    {
        foreach (var dataset in (await GetAsync(Root))["items"]!.AsArray())
        {
            var id = (string)dataset!["id"]!;
            await UntilCheckedAsync(id, (int)dataset["latest_version"]!);
            Assert.Equal(204, (await SendAsync(HttpMethod.Delete, $"{Root}/{id}")).Status);
        }

        foreach (var upload in (await SendAsync(HttpMethod.Get, Uploads)).Body.AsArray())
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, $"{Uploads}/{upload!["id"]}");
            request.Headers.Add("Tus-Resumable", "1.0.0");
            (await Client.SendAsync(request, Token)).Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
