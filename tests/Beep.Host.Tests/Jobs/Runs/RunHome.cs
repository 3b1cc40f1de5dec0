using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Jobs.Runs;

/// <summary>A server with the fine-tuning area on, and jobs that are put there as if they had run.</summary>
internal sealed class RunHome : IAsyncDisposable
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private RunHome(RunningServer server, HttpClient admin) => (Server, Admin) = (server, admin);

    public RunningServer Server { get; }

    /// <summary>Sees everything.</summary>
    public HttpClient Admin { get; }

    public HostPaths Paths => Server.Services.GetRequiredService<HostPaths>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<RunHome> StartAsync(PostgresServer postgres, string kind = TestDatabase.Sqlite, Action<IServiceCollection>? configure = null)
    {
        var server = await RunningServer.StartAsync(kind, postgres, options => options with { EnableFinetune = true }, configure);
        return new RunHome(server, await server.CreateAdminClientAsync());
    }

    public T Get<T>() where T : notnull => Server.Services.GetRequiredService<T>();

    /// <summary>A job of nobody in particular, with its folder.</summary>
    public Task<(Job Job, JobFolder Folder)> AddAsync(JobState state = JobState.Running, string name = "A run", JobSpec? spec = null, string? modelId = null) => AddAsync(Server, state, name, spec, modelId);

    /// <inheritdoc cref="AddAsync(JobState, string, JobSpec, string)"/>
    public static async Task<(Job Job, JobFolder Folder)> AddAsync(RunningServer server, JobState state = JobState.Running, string name = "A run", JobSpec? spec = null, string? modelId = null)
    {
        await using var context = server.Services.GetRequiredService<FineTuneDatabase>().CreateContext();
        var job = new Job
        {
            Id = PublicId.New(),
            OwnerId = 999,
            Name = name,
            State = state,
            ModelId = modelId ?? PublicId.New(),
            ModelName = "beep/tiny",
            DatasetVersionSeq = 1,
            Backend = "torchsharp",
            Method = "lora",
            Spec = "{}",
            Plan = """{"fits":true}""",
            TaskId = state is JobState.Running ? await AddTaskAsync(server) : null,
            CreatedAt = Epoch,
            StartedAt = Epoch,
            FinishedAt = state.IsEnd() ? Epoch.AddMinutes(5) : null,
        };
        context.Add(job);
        await context.SaveChangesAsync(Token);
        var folder = new JobFolder(server.Services.GetRequiredService<HostPaths>().Job(job.Id));
        Directory.CreateDirectory(folder.Root);
        if (spec is not null)
        {
            SpecWriter.Write(folder, spec);
        }

        return (job, folder);
    }

    /// <summary>A task that runs at another host, whose lease is good: nobody here looks after the job.</summary>
    private static async Task<string> AddTaskAsync(RunningServer server)
    {
        var row = new TaskRow { Id = PublicId.New(), Name = "Elsewhere", Kind = "finetune.train", OwnerId = 999, ResourceClass = "gpu:8", CreatedAt = Epoch };
        row.Become(TaskState.Running);
        (row.Attempts, row.StartedAt, row.HostId, row.LeaseExpiresAt) = (1, Epoch, "elsewhere/1", TimeProvider.System.GetUtcNow().AddDays(1));
        await using var context = server.Services.GetRequiredService<HostDatabase>().CreateContext();
        context.Add(row);
        await context.SaveChangesAsync(Token);
        return row.Id;
    }

    /// <summary>Notes something about a job, as the life cycle does.</summary>
    public async Task NoteAsync(Job job, string type, double second)
    {
        await using var context = Get<FineTuneDatabase>().CreateContext();
        context.Add(new JobEventRow { JobSeq = job.Seq, Type = type, Level = "info", Message = $"It is {type}.", CreatedAt = Epoch.AddSeconds(second) });
        await context.SaveChangesAsync(Token);
    }

    public async Task SetStateAsync(Job job, JobState state)
    {
        await using var context = Get<FineTuneDatabase>().CreateContext();
        await context.Set<Job>().Where(found => found.Seq == job.Seq).ExecuteUpdateAsync(set => set.SetProperty(found => found.State, state), Token);
    }

    public async Task SetFaultAsync(Job job, string code, string message, string remedy)
    {
        await using var context = Get<FineTuneDatabase>().CreateContext();
        await context.Set<Job>().Where(found => found.Seq == job.Seq).ExecuteUpdateAsync(
            set => set.SetProperty(found => found.ErrorCode, code).SetProperty(found => found.Error, message).SetProperty(found => found.ErrorRemedy, remedy), Token);
    }

    /// <summary>A line of events.jsonl; its instant is its number in seconds.</summary>
    public static string Line(long seq, string typeAndFields) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"v\":1,\"seq\":{seq},\"at\":\"{Epoch.AddSeconds(seq):O}\",{typeAndFields}}}\n");

    public static string Metric(long seq, int step, double? loss) => Line(seq, string.Create(CultureInfo.InvariantCulture,
        $"\"type\":\"metric\",\"step\":{step},\"epoch\":0.5,\"loss\":{loss?.ToString("R", CultureInfo.InvariantCulture) ?? "null"},\"learning_rate\":0.0002,\"grad_norm\":1.5,\"tokens\":{step * 10},\"tokens_per_second\":{(step == 1 ? "null" : "810.5")},\"memory_bytes\":123456789"));

    public static string Evaluation(long seq, int step, double loss) =>
        Line(seq, string.Create(CultureInfo.InvariantCulture, $"\"type\":\"evaluation\",\"step\":{step},\"loss\":{loss},\"token_accuracy\":0.25"));

    public static string Started(long seq, int? resumedFrom = null) => Line(seq,
        $"\"type\":\"started\",\"backend\":\"torchsharp\",\"versions\":{{}},\"device\":\"cpu\",\"precision\":\"fp32\",\"trainable_parameters\":1,\"total_parameters\":2,\"total_steps\":100,\"resumed_from\":{resumedFrom?.ToString(CultureInfo.InvariantCulture) ?? "null"}");

    public Task<JsonElement> GetAsync(string path) => Admin.GetFromJsonAsync<JsonElement>(path, Token);

    public static async Task AssertFaultAsync(HttpStatusCode status, string code, HttpResponseMessage answer)
    {
        var body = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {body}");
        Assert.Equal(code, JsonDocument.Parse(body).RootElement.GetProperty("code").GetString());
    }

    /// <summary>Server-sent events until the stream ends.</summary>
    public static async IAsyncEnumerable<(long Id, string Event, JsonElement Data)> StreamAsync(HttpClient client, string path, long? lastId = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId.Value.ToString(CultureInfo.InvariantCulture));
        }

        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        var (id, name) = (0L, "");
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = long.Parse(line[4..], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return (id, name, JsonDocument.Parse(line[6..]).RootElement);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await Server.DisposeAsync();
    }
}
