using System.Diagnostics;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Tasks;
using Beep.Host.Tests.Audit;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Tests.Tasks;

/// <summary>A kind of task that does what the test says.</summary>
internal sealed class TestHandler(string kind, Func<TaskRun, CancellationToken, Task<JsonObject?>> work) : ITaskHandler
{
    public string Kind => kind;

    public string ResourceClass { get; init; } = Beep.Host.Tasks.ResourceClass.Io;

    public WhenLost WhenLost { get; init; } = WhenLost.Restart;

    public Task<JsonObject?> RunAsync(TaskRun run, CancellationToken cancellationToken) => work(run, cancellationToken);
}

/// <summary>A database with the parts of a host that concern tasks. Several can share a database, as hosts do.</summary>
internal sealed class TaskTestHost : IAsyncDisposable
{
    public const string Kind = "test.work";

    /// <summary>Looks often. No lease of it runs out by itself, however long the machine stands still: a test lets one run out by what is stored.</summary>
    public static readonly TaskOptions Quick = new()
    {
        Lease = TimeSpan.FromHours(1),
        Beat = TimeSpan.FromMilliseconds(300),
        Poll = TimeSpan.FromMilliseconds(100),
        StopGrace = TimeSpan.FromSeconds(1),
        ShutdownGrace = TimeSpan.FromSeconds(1),
        ReportEvery = TimeSpan.FromMilliseconds(50),
        CpuSlots = 1,
        Gpus = [],
    };

    /// <summary>What comes at all has come by then, on a machine that is busy with something else.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly AuditLog _log;
    private readonly bool _ownsLog;
    private readonly ServiceProvider _services;
    private bool _isRunning;

    private TaskTestHost(AuditLog log, bool ownsLog, TaskOptions options, ITaskHandler[] handlers)
    {
        (_log, _ownsLog) = (log, ownsLog);
        var services = new ServiceCollection().AddLogging();
        AddGround(services, log);
        services.AddSingleton(options).AddTaskCore();
        foreach (var handler in handlers)
        {
            services.AddSingleton(handler);
        }

        _services = services.BuildServiceProvider();
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public AuditLog Log => _log;

    public TaskStore Store => _services.GetRequiredService<TaskStore>();

    public TaskQueue Queue => _services.GetRequiredService<TaskQueue>();

    public TaskReader Reader => _services.GetRequiredService<TaskReader>();

    public TaskFeed Feed => _services.GetRequiredService<TaskFeed>();

    public LostTasks Lost => _services.GetRequiredService<LostTasks>();

    public TaskRunner Runner => (TaskRunner)_services.GetRequiredService<IHostedService>();

    public ServerRestart Restart => _services.GetRequiredService<ServerRestart>();

    public static async Task<TaskTestHost> CreateAsync(string kind, PostgresServer server, params ITaskHandler[] handlers) => await CreateAsync(kind, server, Quick, handlers);

    public static async Task<TaskTestHost> CreateAsync(string kind, PostgresServer server, TaskOptions options, params ITaskHandler[] handlers) =>
        new(await AuditLog.CreateAsync(kind, server), true, options, handlers);

    /// <summary>A handler that has nothing to do.</summary>
    public static TestHandler Nothing(string kind = Kind) => new(kind, (_, _) => Task.FromResult<JsonObject?>(null));

    /// <summary>What the composition root offers to features.</summary>
    public static void AddGround(IServiceCollection services, AuditLog log) =>
        services.AddSingleton(log.Paths).AddSingleton(TimeProvider.System).AddSingleton(log.Trail.Database).AddSingleton(log.Trail.Writer).AddSingleton(log.Trail.Key);

    /// <summary>Another host on the same database.</summary>
    public TaskTestHost Beside(params ITaskHandler[] handlers) => new(_log, false, Quick, handlers);

    public Task<TaskView> AddAsync(string kind = Kind, long? owner = 7, JsonObject? input = null, string? resourceClass = null) =>
        Queue.EnqueueAsync(new NewTask(kind, $"Test {kind}") { OwnerId = owner, Input = input, ResourceClass = resourceClass }, AuditActors.System, Token);

    public async Task StartAsync()
    {
        _isRunning = true;
        await Runner.StartAsync(Token);
    }

    public async Task StopAsync()
    {
        if (_isRunning)
        {
            _isRunning = false;
            await Runner.StopAsync(CancellationToken.None);
        }
    }

    public async Task<TaskRow> ReadAsync(string id) => await Reader.FindAsync(id, Token) ?? throw new InvalidOperationException($"No task {id}.");

    /// <summary>Waits until the task is as wanted.</summary>
    public async Task<TaskRow> UntilAsync(string id, Func<TaskRow, bool> isWanted)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience;)
        {
            var row = await ReadAsync(id);
            if (isWanted(row))
            {
                return row;
            }

            await Task.Delay(50, Token);
        }

        var last = await ReadAsync(id);
        throw new TimeoutException($"The task stays {last.Status.Word()} in attempt {last.Attempts}: {last.Message} {last.Error}");
    }

    public Task<TaskRow> UntilEndAsync(string id) => UntilAsync(id, row => row.Status.IsEnd());

    /// <summary>Claims everything that waits, as a host that then does nothing.</summary>
    public Task<IReadOnlyList<TaskRow>> ClaimAsync(string hostId, TimeSpan? lease = null) =>
        Store.ClaimAsync(hostId, lease ?? TimeSpan.FromHours(1), [Kind], [(ResourceClass.Io, 100)], _ => true, Token);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
        if (_ownsLog)
        {
            _log.Dispose();
        }
    }
}
