using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Environments;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Environments;

/// <summary>A server with a worker that stands in for the real one, a wheelhouse that its requirements can be met from, and one Python.</summary>
internal sealed class EnvironmentServer : IAsyncDisposable
{
    private const string Route = "/api/v1/environments";

    // A token may ask ten times a second, on and on.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(150);

    private readonly TemporaryFolder _folder;

    private EnvironmentServer(RunningServer server, HttpClient client, TemporaryFolder folder, string python) => (Server, Client, _folder, Python) = (server, client, folder, python);

    public RunningServer Server { get; }

    /// <summary>Of an Admin.</summary>
    public HttpClient Client { get; }

    /// <summary>The real interpreter that it knows.</summary>
    public string Python { get; }

    public string Wheelhouse => WheelhouseIn(_folder);

    public string Worker => WorkerIn(_folder);

    public HostPaths Paths => Server.Services.GetRequiredService<HostPaths>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<EnvironmentServer> StartAsync(PostgresServer postgres, string kind = TestDatabase.Sqlite, Func<HostOptions, HostOptions>? change = null, Action<IServiceCollection>? configure = null, string? path = null)
    {
        var python = await TestPython.RequireAsync();
        var folder = new TemporaryFolder();
        WriteWorker(WorkerIn(folder));
        TestWheels.Write(WheelhouseIn(folder), "toy-model", "1.0", ["toy-tools>=2"], scripts: ["toy-run"]);
        TestWheels.Write(WheelhouseIn(folder), "toy-tools", "2.1");
        TestWheels.Write(WheelhouseIn(folder), "toy-tools", "1.9");
        var search = path ?? Path.GetDirectoryName(python)!;
        var server = await RunningServer.StartAsync(
            kind,
            postgres,
            change,
            services =>
            {
                services.AddSingleton<Func<PythonWorker>>(() => new PythonWorker(WorkerIn(folder)));
                services.AddSingleton(new RuntimePlaces(name => name == "PATH" ? search : null, folder.Path, []));
                services.AddSingleton(provider => new RuntimeFinder(provider.GetRequiredService<RuntimePlaces>(), TimeProvider.System) { Patience = RunningServer.Patience });
                configure?.Invoke(services);
            });
        return new EnvironmentServer(server, await server.CreateAdminClientAsync(), folder, python);
    }

    /// <summary>How the worker behaves: <c>ok</c>, <c>no-check</c>, <c>no-train</c>, <c>slow</c>, <c>noise</c>, <c>words</c>.</summary>
    public void Behave(string how) => File.WriteAllText(Path.Combine(Worker, "behaviour"), how);

    /// <summary>Which packages the preset pins.</summary>
    public void Require(string requirements) => File.WriteAllText(Path.Combine(Worker, "requirements", "cpu.txt"), requirements);

    public string FolderOf(string name) => Path.Combine(Paths.Environments, name);

    public string PythonOf(string name) => Path.Combine(FolderOf(name), EnvironmentFolder.PythonIn);

    /// <summary>An environment of the wheelhouse, once its task has ended.</summary>
    public async Task<JsonNode> CreateAsync(string name, JsonObject? more = null)
    {
        var request = new JsonObject { ["name"] = name, ["preset"] = "transformers-cpu", ["wheelhouse"] = Wheelhouse };
        foreach (var (key, value) in more ?? [])
        {
            request[key] = value?.DeepClone();
        }

        var (status, body) = await PostAsync("", request);
        Assert.True(status == 202, body?.ToString());
        return await EndAsync(name);
    }

    /// <summary>The environment once nothing works on it.</summary>
    public Task<JsonNode> EndAsync(string name) => UntilAsync(name, environment => environment["progress"] is null);

    public async Task<JsonNode> UntilAsync(string name, Func<JsonNode, bool> isReached)
    {
        while (true)
        {
            var (status, body) = await GetAsync($"/{name}");
            Assert.True(status == 200, body?.ToString());
            if (isReached(body!))
            {
                return body!;
            }

            await Task.Delay(LookEvery, Stop);
        }
    }

    /// <summary>Until the environment is no more.</summary>
    public async Task<int> GoneAsync(string name)
    {
        while (true)
        {
            var (status, _) = await GetAsync($"/{name}");
            if (status != 200)
            {
                return status;
            }

            await Task.Delay(LookEvery, Stop);
        }
    }

    public async Task<(int Status, JsonNode? Body)> PostAsync(string verb, object? request = null, HttpClient? client = null)
    {
        using var answer = await (client ?? Client).PostAsJsonAsync($"{Route}{verb}", request ?? new { }, Stop);
        return ((int)answer.StatusCode, await ReadAsync(answer));
    }

    public async Task<(int Status, JsonNode? Body)> GetAsync(string rest, HttpClient? client = null)
    {
        using var answer = await (client ?? Client).GetAsync(new Uri($"{Route}{rest}", UriKind.Relative), Stop);
        return ((int)answer.StatusCode, await ReadAsync(answer));
    }

    public async Task<(int Status, JsonNode? Body)> DeleteAsync(string name)
    {
        using var answer = await Client.DeleteAsync(new Uri($"{Route}/{name}", UriKind.Relative), Stop);
        return ((int)answer.StatusCode, await ReadAsync(answer));
    }

    public async Task<JsonNode> TaskAsync(string id) => JsonNode.Parse(await Client.GetStringAsync(new Uri($"/api/v1/tasks/{id}", UriKind.Relative), Stop))!;

    /// <summary>The whole log of a task.</summary>
    public string LogOf(string id) => File.ReadAllText(Path.Combine(Paths.TaskLogs, $"{id}.log"));

    /// <summary>What lies in the folder of environments, hidden folders too.</summary>
    public IReadOnlyList<string> Entries() => Directory.Exists(Paths.Environments) ? [.. Directory.EnumerateFileSystemEntries(Paths.Environments).Select(entry => Path.GetFileName(entry)!).Order(StringComparer.Ordinal)] : [];

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    public static void WriteWorker(string worker)
    {
        Directory.CreateDirectory(Path.Combine(worker, "requirements"));
        Directory.CreateDirectory(Path.Combine(worker, "beep_trainer"));
        File.WriteAllText(Path.Combine(worker, "requirements", "cpu.txt"), "toy-model==1.0\n");
        File.WriteAllText(Path.Combine(worker, "requirements", "cuda.txt"), "toy-model==1.0\n");
        File.WriteAllText(Path.Combine(worker, "beep_trainer", "__init__.py"), "");
        File.WriteAllText(Path.Combine(worker, "beep_trainer", "__main__.py"), """
            import importlib.metadata, json, os, platform, sys, time
            place = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "behaviour")
            how = open(place).read() if os.path.exists(place) else "ok"
            def version(name):
                try:
                    return importlib.metadata.version(name)
                except importlib.metadata.PackageNotFoundError:
                    return None
            if sys.argv[1] == "check":
                if how == "no-check":
                    sys.exit("ImportError: libcudart.so.12 <script>")
                if how == "noise":
                    while True:
                        print("x" * 65536)
                if how == "words":
                    print("hello")
                    sys.exit(0)
                print("a warning on stderr", file=sys.stderr)
                print(json.dumps({
                    "python": platform.python_version(),
                    "libraries": {"toy-model": version("toy-model"), "bitsandbytes": None},
                    "devices": [{"kind": "cpu", "name": "A processor", "memory_bytes": 1 << 30}],
                    "methods": {"lora": None, "qlora": "bitsandbytes is not installed"},
                }))
            elif sys.argv[1] == "selftest":
                if how == "slow":
                    print("training", flush=True)
                    time.sleep(600)
                print("step 2 of 2")
                sys.exit(3 if how == "no-train" else 0)
            """);
    }

    private static string WheelhouseIn(TemporaryFolder folder) => Path.Combine(folder.Path, "wheels");

    private static string WorkerIn(TemporaryFolder folder) => Path.Combine(folder.Path, "worker");

    private static async Task<JsonNode?> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Stop);
        return text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : text.Length == 0 ? null : JsonValue.Create(text);
    }
}
