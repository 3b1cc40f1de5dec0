using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Hosting;
using Beep.Host.Models.Hub;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Models;

/// <summary>A server whose hub is on the loopback and whose folder to import from is known, with a client of an Admin.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private const string Path = "/api/v1/models";

    private readonly Beep.Tests.TemporaryFolder _folder;

    private ModelServer(RunningServer server, HttpClient client, Beep.Tests.TemporaryFolder folder) => (Server, Client, _folder) = (server, client, folder);

    public RunningServer Server { get; }

    public HttpClient Client { get; }

    /// <summary>The folder that may be imported from.</summary>
    public string Imports => System.IO.Path.Combine(_folder.Path, "imports");

    /// <summary>A folder beside it that may not.</summary>
    public string Elsewhere => System.IO.Path.Combine(_folder.Path, "imports2");

    public HostPaths Paths => Server.Services.GetRequiredService<HostPaths>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<ModelServer> StartAsync(PostgresServer postgres, string kind = TestDatabase.Sqlite, TestHub? hub = null, string? token = null)
    {
        var folder = new Beep.Tests.TemporaryFolder();
        var imports = System.IO.Path.Combine(folder.Path, "imports");
        Directory.CreateDirectory(imports);
        var server = await RunningServer.StartAsync(
            kind,
            postgres,
            options => options with { HubEndpoint = hub?.Address, HubToken = token is null ? null : new SecretText(token), ImportFolders = [imports] },
            services => services.AddSingleton(new HubOptions { FirstWait = TimeSpan.FromMilliseconds(1), Tries = 4, Silence = TimeSpan.FromHours(1) }));
        return new ModelServer(server, await server.CreateAdminClientAsync(), folder);
    }

    public Task<(int Status, JsonNode? Body)> ImportAsync(object request) => PostAsync("import", request);

    public Task<(int Status, JsonNode? Body)> DownloadAsync(object request) => PostAsync("download", request);

    public async Task<(int Status, JsonNode? Body)> PostAsync(string verb, object request)
    {
        using var answer = await Client.PostAsJsonAsync($"{Path}/{verb}", request, Stop);
        return ((int)answer.StatusCode, await ReadAsync(answer));
    }

    public async Task<(int Status, JsonNode? Body)> GetAsync(string rest)
    {
        using var answer = await Client.GetAsync(new Uri($"{Path}{rest}", UriKind.Relative), Stop);
        return ((int)answer.StatusCode, await ReadAsync(answer));
    }

    public async Task<(int Status, JsonNode? Body)> RemoveAsync(string id)
    {
        using var answer = await Client.DeleteAsync(new Uri($"{Path}/{id}", UriKind.Relative), Stop);
        return ((int)answer.StatusCode, await ReadAsync(answer));
    }

    /// <summary>The model once it is no longer being prepared.</summary>
    public Task<JsonNode> EndAsync(JsonNode added) => UntilAsync(added, model => (string?)model["state"] != "preparing");

    public async Task<JsonNode> UntilAsync(JsonNode added, Func<JsonNode, bool> isReached)
    {
        while (true)
        {
            var model = (await GetAsync($"/{added["id"]}")).Body!["model"]!;
            if (isReached(model))
            {
                return model;
            }

            await Task.Delay(20, Stop);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<JsonNode?> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Stop);
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }
}
