using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.OpenAi;

/// <summary>A server with fine-tuning, a token, and a small file of chats.</summary>
internal sealed class OpenAiServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private OpenAiServer(RunningServer server, HttpClient client) => (Server, Client) = (server, client);

    public RunningServer Server { get; }

    public HttpClient Client { get; }

    public string Token => Client.DefaultRequestHeaders.Authorization!.Parameter!;

    /// <summary>Rows as OpenAI has them.</summary>
    public string Rows => Path.Combine(_folder.Path, "chats.jsonl");

    /// <summary>So many that a run over them does not end before it is told to.</summary>
    public string ManyRows => Path.Combine(_folder.Path, "many.jsonl");

    public static async Task<OpenAiServer> StartAsync(PostgresServer postgres, string kind = TestDatabase.Sqlite, int slots = 1)
    {
        var server = await RunningServer.StartAsync(kind, postgres, options => options with { EnableFinetune = true }, services =>
            services.AddSingleton(RunningServer.Tasks with { CpuSlots = slots, Gpus = [], Poll = TimeSpan.FromMilliseconds(200), ReportEvery = TimeSpan.FromMilliseconds(100) }));
        var made = new OpenAiServer(server, await server.CreateAdminClientAsync());
        await File.WriteAllLinesAsync(made.Rows, Lines(24), TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(made.ManyRows, Lines(5000), TestContext.Current.CancellationToken);
        return made;
    }

    private static IEnumerable<string> Lines(int count) =>
        Enumerable.Range(1, count).Select(number => $$"""{"messages":[{"role":"user","content":"What is thing {{number}}?"},{"role":"assistant","content":"A thing of number {{number}}."}]}""");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
