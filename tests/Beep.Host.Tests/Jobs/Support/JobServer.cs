using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Identity;
using Beep.Host.Identity.Roles;
using Beep.Host.Identity.Tokens;
using Beep.Host.Identity.Users;
using Beep.Host.Models;
using Beep.Host.Tasks;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Jobs.Support;

/// <summary>A server with fine-tuning, one slot, the shipped model and a small dataset.</summary>
internal sealed class JobServer : IAsyncDisposable
{
    public const string Jobs = "/api/v1/finetune/jobs";

    /// <summary>More steps than are ever taken: such a run ends when it is told to.</summary>
    public const int Endless = 10_000_000;

    // A run of a few steps, on a machine that is busy with something else.
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    private JobServer(RunningServer server) => Server = server;

    public RunningServer Server { get; }

    public HttpClient Admin { get; private set; } = null!;

    public long AdminId { get; private set; }

    public string AdminName { get; private set; } = null!;

    public string Model { get; private set; } = null!;

    public string Dataset { get; private set; } = null!;

    public HostPaths Paths => Get<HostPaths>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="kind">Of the database.</param>
    /// <param name="postgres">Where the database is PostgreSQL.</param>
    /// <param name="slots">How many runs at a time; with 0 nothing is ever begun.</param>
    /// <param name="configure">More services.</param>
    public static async Task<JobServer> StartAsync(string kind, PostgresServer postgres, int slots = 1, Action<IServiceCollection>? configure = null)
    {
        var server = await RunningServer.StartAsync(kind, postgres, options => options with { EnableFinetune = true }, services =>
        {
            services.AddSingleton(RunningServer.Tasks with { CpuSlots = slots, Gpus = [], Poll = TimeSpan.FromMilliseconds(200), ReportEvery = TimeSpan.FromMilliseconds(100) });
            configure?.Invoke(services);
        });
        var jobs = new JobServer(server);
        await jobs.SeedAsync();
        return jobs;
    }

    public T Get<T>() where T : notnull => Server.Services.GetRequiredService<T>();

    /// <summary>What a job needs to be asked for: a short run of the shipped model.</summary>
    public JsonObject Wanted(int steps = 6, params (string Path, JsonNode? Value)[] overrides)
    {
        var chosen = new JsonObject { ["train.max_steps"] = steps, ["train.save_steps"] = 2, ["data.max_length"] = 128, ["train.per_device_batch_size"] = 2 };
        foreach (var (path, value) in overrides)
        {
            chosen[path] = value;
        }

        return new JsonObject { ["model"] = Model, ["dataset"] = Dataset, ["preset"] = "lora-small", ["overrides"] = chosen };
    }

    /// <summary>Another user who may fine-tune and no more, or who holds these permissions, with a client.</summary>
    public async Task<(long Id, HttpClient Client)> CreateUserAsync(params string[] permissions)
    {
        permissions = permissions.Length > 0 ? permissions : [Permissions.FinetuneRead, Permissions.FinetuneManage];
        await using var context = Get<HostDatabase>().CreateContext();
        var name = $"user-{Guid.NewGuid():N}"[..20];
        var role = new Role { Name = $"Role of {name}", Permissions = permissions, CreatedAt = TimeProvider.System.GetUtcNow() };
        context.Add(role);
        await context.SaveChangesAsync(Token);
        var user = new User { UserName = name, NormalizedUserName = name.ToUpperInvariant(), SecurityStamp = Guid.NewGuid().ToString("N"), CreatedAt = TimeProvider.System.GetUtcNow(), RoleId = role.Id };
        context.Add(user);
        await context.SaveChangesAsync(Token);
        return (user.Id, await ClientOfAsync(user.Id, permissions));
    }

    public async Task<JsonObject> CreateAsync(JsonObject wanted, HttpClient? client = null)
    {
        using var answer = await (client ?? Admin).PostAsJsonAsync(Jobs, wanted, Token);
        var body = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, $"{answer.StatusCode}: {body}");
        return JsonNode.Parse(body)!.AsObject();
    }

    public async Task<JsonObject> GetAsync(string id, HttpClient? client = null) => (await (client ?? Admin).GetFromJsonAsync<JsonObject>($"{Jobs}/{id}", Token))!;

    public async Task<JsonArray> ListAsync() => (await Admin.GetFromJsonAsync<JsonObject>(Jobs, Token))!["items"]!.AsArray();

    public Task<HttpResponseMessage> PostAsync(string id, string action, HttpClient? client = null) => (client ?? Admin).PostAsync($"{Jobs}/{id}/{action}", null, Token);

    /// <summary>Waits until a job is as wanted.</summary>
    public async Task<JsonObject> UntilAsync(string id, Func<JsonObject, bool> isWanted)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < LongestRun;)
        {
            var job = await GetAsync(id);
            if (isWanted(job))
            {
                return job;
            }

            await Task.Delay(100, Token);
        }

        throw new TimeoutException($"The job stays as it is: {await GetAsync(id)}");
    }

    /// <summary>Waits until the host has done what it adds by itself at its start.</summary>
    /// <param name="kind">Of the task.</param>
    public async Task UntilDoneAsync(string kind)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, Token))
        {
            await using var context = Get<HostDatabase>().CreateContext();
            if (await context.Set<TaskRow>().AnyAsync(task => task.Kind == kind && task.Status == TaskState.Completed, Token))
            {
                return;
            }

            Assert.True(waited.Elapsed < RunningServer.Patience, $"No task of the kind {kind} is done.");
        }
    }

    public Task<JsonObject> UntilStateAsync(string id, params string[] states) => UntilAsync(id, job => states.Contains((string)job["state"]!));

    public JobFolder Folder(string id) => new(Paths.Job(id));

    /// <summary>A dataset of an owner that is ready, made of some rows.</summary>
    public async Task<string> AddDatasetAsync(long owner, string name, IReadOnlyList<string> rows, DatasetState state = DatasetState.Ready)
    {
        await using var context = Get<FineTuneDatabase>().CreateContext();
        var now = TimeProvider.System.GetUtcNow();
        var dataset = new Dataset { Id = PublicId.New(), OwnerId = owner, Name = name, LatestVersion = 1, CreatedAt = now, UpdatedAt = now };
        context.Add(dataset);
        await context.SaveChangesAsync(Token);
        var folder = Paths.DatasetVersion(dataset.Id, 1);
        Directory.CreateDirectory(folder);
        await File.WriteAllLinesAsync(Path.Combine(folder, "source.jsonl"), rows, Token);
        context.Add(new DatasetVersion
        {
            DatasetSeq = dataset.Seq,
            Number = 1,
            State = state,
            FileName = "source.jsonl",
            SourceName = "rows.jsonl",
            Bytes = new FileInfo(Path.Combine(folder, "source.jsonl")).Length,
            Sha256 = Guid.NewGuid().ToString("N"),
            Rows = rows.Count,
            CreatedBy = owner,
            CreatedAt = now,
        });
        await context.SaveChangesAsync(Token);
        return dataset.Id;
    }

    /// <summary>A model in a folder that is there.</summary>
    public async Task<string> AddModelAsync(string name, string folder, long? owner = null, ModelState state = ModelState.Ready, ModelKind kind = ModelKind.Base)
    {
        await using var context = Get<HostDatabase>().CreateContext();
        var model = new Model { Id = PublicId.New(), Name = name, Kind = kind, Origin = kind == ModelKind.Base ? ModelOrigin.Imported : ModelOrigin.Trained, State = state, Path = folder, OwnerId = owner, Sha256 = new string('a', 64), CreatedAt = TimeProvider.System.GetUtcNow() };
        context.Add(model);
        await context.SaveChangesAsync(Token);
        return model.Id;
    }

    public async ValueTask DisposeAsync()
    {
        Admin?.Dispose();
        await Server.DisposeAsync();
    }

    private async Task SeedAsync()
    {
        (AdminId, AdminName) = await Server.CreateAdminAsync();
        Admin = await ClientOfAsync(AdminId, [.. Permissions.All.Keys]);
        Model = await AddModelAsync("beep/tests-tiny", RepositoryFiles.At("models", "beep-tiny"));
        Dataset = await AddDatasetAsync(AdminId, "What is it", [.. (await File.ReadAllLinesAsync(RepositoryFiles.At("datasets", "what-is-it.jsonl"), Token)).Take(80)]);
    }

    private async Task<HttpClient> ClientOfAsync(long id, string[] permissions)
    {
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimNames.UserId, $"{id}"), .. Permissions.All.Keys.Select(permission => new Claim(ClaimNames.Permission, permission))]));
        var (_, text) = await Get<TokenService>().CreateAsync(Grantor.Of(principal, null), "tests", permissions, 1, Token);
        var client = Server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", text);
        return client;
    }
}
