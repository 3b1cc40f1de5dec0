using System.Globalization;
using System.Text;
using Beep.Bench.Serving;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Settings;
using Beep.Host.Identity.Users;
using Beep.Host.Jobs.Stored;
using Beep.Host.Setup.Completion;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Bench.Live;

/// <summary>A home with the fine-tuning area on: many jobs, one of them long, one with a long log, one that runs.</summary>
internal sealed class RunsHome : IDisposable
{
    public const int Jobs = 10_000;
    public const int Points = 1_000_000;
    public const long LogBytes = 1_000_000_000;
    private const string Password = "seven quiet herons wade";
    private const int Batch = 1000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("beep-bench-");
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public string Path => _folder.FullName;

    public IReadOnlyList<string> Tokens { get; private set; } = [];

    /// <summary>A job with <see cref="Points"/> metrics.</summary>
    public string Long { get; } = IdOf(1);

    /// <summary>A job with a log of <see cref="LogBytes"/>.</summary>
    public string Wordy { get; } = IdOf(2);

    /// <summary>A job that runs.</summary>
    public string Running { get; } = IdOf(3);

    private HostPaths Paths => new(Path);

    public JobFolder FolderOf(string id) => new(Paths.Job(id));

    public static async Task<RunsHome> CreateAsync(CancellationToken cancellationToken)
    {
        var home = new RunsHome();
        try
        {
            await home.SetUpAsync(cancellationToken);
            home.WriteSeries();
            home.WriteLog();
            Directory.CreateDirectory(home.FolderOf(home.Running).Root);
            return home;
        }
        catch
        {
            home.Dispose();
            throw;
        }
    }

    /// <summary>A line as a worker writes it.</summary>
    public static string Metric(long seq, int step, DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture,
        $"{{\"type\":\"metric\",\"v\":1,\"seq\":{seq},\"at\":\"{at:O}\",\"step\":{step},\"epoch\":{step / 1e6},\"loss\":{2 + Math.Sin(step / 1e4) + (step * 7919 % 1000 / 1e4)},\"learning_rate\":{2e-4 * (1 - (step / 2e6))},\"grad_norm\":{1 + (step * 104_729 % 1000 / 1e3)},\"tokens\":{step * 512L},\"tokens_per_second\":{20_000 + (step % 977)},\"memory_bytes\":{8_000_000_000 + (step % 13 * 1_000_000)}}}\n");

    public void Dispose() => _folder.Delete(recursive: true);

    private static string IdOf(int number) => number.ToString("x16", CultureInfo.InvariantCulture);

    private async Task SetUpAsync(CancellationToken cancellationToken)
    {
        string? Variable(string name) => name == SettingKeys.Home.Name ? Path : null;
        await HeadlessSetup.TryCompleteAsync(Variable, new AdminDraft("admin", Password) { MustChangePassword = false }, AuditActors.CommandLine, TimeProvider.System,
            new Dictionary<SettingKey, string?> { [SettingKeys.Finetune] = "true" }, cancellationToken);
        var options = HostConfiguration.Load(new HostSurroundings { Variable = Variable }).Require();
        var trail = new AuditTrail(options.Database!, options, TimeProvider.System);
        var fineTune = new FineTuneDatabase(options.Database!);
        await new DatabaseMigrator(fineTune, TimeProvider.System).MigrateAsync(cancellationToken);
        await using var people = trail.Database.CreateContext();
        var admin = await people.Set<User>().AsNoTracking().SingleAsync(cancellationToken);
        Tokens = await BenchTokens.CreateAsync(trail, admin.Id, cancellationToken);
        people.Add(ElsewhereTask());
        await people.SaveChangesAsync(cancellationToken);
        await using var context = fineTune.CreateContext();
        foreach (var numbers in Enumerable.Range(1, Jobs).Chunk(Batch))
        {
            context.AddRange(numbers.Select(number => NewJob(number, admin.Id)));
            await context.SaveChangesAsync(cancellationToken);
            context.ChangeTracker.Clear();
        }
    }

    /// <summary>The task of the job that runs, at another host whose lease is good: nobody here looks after it.</summary>
    private TaskRow ElsewhereTask()
    {
        var row = new TaskRow { Id = Running, Name = "Elsewhere", Kind = "finetune.train", ResourceClass = "gpu:8", CreatedAt = _now };
        row.Become(TaskState.Running);
        (row.Attempts, row.StartedAt, row.HostId, row.LeaseExpiresAt) = (1, _now, "elsewhere/1", _now.AddDays(1));
        return row;
    }

    private Job NewJob(int number, long ownerId) => new()
    {
        Id = IdOf(number),
        OwnerId = ownerId,
        Name = $"Fine-tune number {number}",
        State = IdOf(number) == Running ? JobState.Running : number % 10 == 0 ? JobState.Failed : JobState.Succeeded,
        TaskId = IdOf(number) == Running ? Running : null,
        ModelId = IdOf(7),
        ModelName = "beep/tiny",
        DatasetVersionSeq = 1 + (number % 50),
        Backend = "torchsharp",
        Method = "lora",
        Spec = """{"train":{"learning_rate":0.0002}}""",
        Step = 100,
        TotalSteps = 100,
        CreatedAt = _now.AddMinutes(number - Jobs),
        StartedAt = _now.AddMinutes(number - Jobs),
    };

    private void WriteSeries()
    {
        var folder = FolderOf(Long);
        Directory.CreateDirectory(folder.Root);
        using var file = new StreamWriter(folder.Events, append: false, new UTF8Encoding(false), 1 << 20);
        for (var step = 1; step <= Points; step++)
        {
            file.Write(Metric(step, step, _now.AddSeconds(step - Points)));
        }
    }

    private void WriteLog()
    {
        var folder = FolderOf(Wordy);
        Directory.CreateDirectory(folder.Root);
        using var file = new FileStream(folder.Output, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        for (var line = 0; file.Position < LogBytes; line++)
        {
            file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"step {line} of a long run, loss {line % 977 / 100.0:F2}, {line % 1013} tokens/s, everything as it should be\n")));
        }
    }
}
