using System.Text.Json.Nodes;
using Beep.Host.Cli;
using Beep.Host.Data;
using Beep.Host.Hosting.Settings;
using Beep.Host.Jobs.Retention;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Jobs.Retention;

public sealed class CleanUpTests(PostgresServer postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("all", null, null, null)]
    [InlineData("age=30d", 30 * 24, null, null)]
    [InlineData("age=12h count=2 bytes=1.5GB", 12, 2, 1_500_000_000L)]
    [InlineData("bytes=10MB count=0", null, 0, 10_000_000L)]
    public void KeepRule_Text_IsRead(string text, int? hours, int? count, long? bytes) =>
        Assert.Equal(new KeepRule(hours is { } age ? TimeSpan.FromHours(age) : null, count, bytes), KeepRule.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("30d")]
    [InlineData("age=30")]
    [InlineData("age=-1d")]
    [InlineData("count=two")]
    [InlineData("count=1 count=2")]
    [InlineData("bytes=50")]
    [InlineData("bytes=99999999999TB")]
    public void KeepRule_OtherText_IsNone(string text) => Assert.Null(KeepRule.Parse(text));

    [Fact]
    public void Past_EachRule_LetsTheOldestGo()
    {
        CleanUpItem[] items = [Item("a", 1, 40), Item("b", 1, 20), Item("b", 2, 10), Item("b", 3, 1)];
        Assert.Equal("", Past(new KeepRule()));
        Assert.Equal("a1 age", Past(new KeepRule(Age: TimeSpan.FromDays(30))));
        Assert.Equal("a1 count, b1 count", Past(new KeepRule(Count: 2)));
        Assert.Equal("b1 count", Past(new KeepRule(Count: 2), item => item.JobId!));
        Assert.Equal("a1 bytes, b1 bytes", Past(new KeepRule(Bytes: 250)));

        string Past(KeepRule rule, Func<CleanUpItem, string>? group = null) => string.Join(", ", KeepRules.Past(rule, items, Now, group).Select(item => $"{item.Path} {item.Why}"));
    }

    [Fact]
    public async Task Run_OfAHome_RemovesWhatIsPastAndNothingThatIsInUse()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var (ended, waiting, registered) = (await MakeAsync(server), await MakeAsync(server), await MakeAsync(server));
        await using (var context = server.Get<FineTuneDatabase>().CreateContext())
        {
            var old = TimeProvider.System.GetUtcNow().AddDays(-100);
            await context.Set<Job>().Where(job => job.Id != waiting).ExecuteUpdateAsync(set => set.SetProperty(job => job.State, JobState.Succeeded).SetProperty(job => job.FinishedAt, old), Token);
            foreach (var job in await context.Set<Job>().ToListAsync(Token))
            {
                context.Add(new Artifact { JobSeq = job.Seq, Name = "adapter", Bytes = 7, Sha256 = new string('0', 64), CreatedAt = old });
            }

            await context.SaveChangesAsync(Token);
        }

        // The host cleans up by itself at its start.
        await server.UntilDoneAsync("finetune.cleanup");
        await server.AddModelAsync("tests/registered", server.Folder(registered).Adapter);
        Directory.CreateDirectory(Path.Combine(server.Paths.Jobs, "0000000000000000"));
        Directory.SetLastWriteTimeUtc(Path.Combine(server.Paths.Jobs, "0000000000000000"), DateTime.UnixEpoch);
        Directory.CreateDirectory(server.Paths.Uploads);
        var upload = Path.Combine(server.Paths.Uploads, "dead");
        await File.WriteAllTextAsync(upload, "half", Token);
        File.SetLastWriteTimeUtc(upload, DateTime.UnixEpoch);
        string? Variable(string name) => name switch
        {
            "BEEP_PYTHON_HOME" => server.Paths.Home,
            "ENABLE_FINETUNE" => "true",
            "KEEP_ARTIFACTS" => "age=30d",
            _ => null,
        };
        string[] expected =
        [
            $"checkpoints finetune/jobs/{ended}/checkpoints/step-00000001", $"checkpoints finetune/jobs/{registered}/checkpoints/step-00000001",
            $"artifacts finetune/jobs/{ended}/artifacts/adapter",
            $"logs finetune/jobs/{ended}/output.log", $"logs finetune/jobs/{registered}/output.log",
            "uploads finetune/uploads/dead",
            "leftovers finetune/jobs/0000000000000000",
        ];
        var dry = await RunAsync(Variable, "--dry-run");
        Assert.Equal(expected.Order(StringComparer.Ordinal), Names(dry));
        Assert.True(File.Exists(upload));
        var wet = await RunAsync(Variable);
        Assert.Equal(expected.Order(StringComparer.Ordinal), Names(wet));
        Assert.Equal((long)dry["bytes"]!, (long)wet["bytes"]!);
        Assert.Empty(Names(await RunAsync(Variable)));
        Assert.False(File.Exists(upload));
        Assert.Equal([2, 3], server.Folder(ended).ListCheckpoints().Select(checkpoint => checkpoint.Step));
        Assert.Equal(3, server.Folder(waiting).ListCheckpoints().Count);
        Assert.True(Directory.Exists(server.Folder(registered).Adapter) && Directory.Exists(server.Folder(waiting).Adapter));
        Assert.True(File.Exists(server.Folder(ended).Spec));
        Assert.NotNull((await server.GetAsync(ended))["artifacts"]![0]!["removed_at"]);
    }

    private static CleanUpItem Item(string job, int number, int days) => new(CleanUpKind.Checkpoints, $"{job}{number}", 100, Now.AddDays(-days)) { JobId = job };

    private static async Task<string> MakeAsync(JobServer server)
    {
        var id = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
        var folder = server.Folder(id);
        foreach (var step in new[] { 1, 2, 3 })
        {
            Directory.CreateDirectory(folder.Checkpoint(step));
            await File.WriteAllTextAsync(Path.Combine(folder.Checkpoint(step), "state"), "1234", Token);
            Directory.SetLastWriteTimeUtc(folder.Checkpoint(step), TimeProvider.System.GetUtcNow().AddMinutes(step - 10).UtcDateTime);
        }

        Directory.CreateDirectory(folder.Adapter);
        await File.WriteAllTextAsync(Path.Combine(folder.Adapter, "weights"), "1234567", Token);
        await File.WriteAllTextAsync(folder.Output, "printed", Token);
        return id;
    }

    private static IEnumerable<string> Names(JsonNode result) => result["items"]!.AsArray().Select(item => $"{item!["kind"]} {item["path"]}").Order(StringComparer.Ordinal);

    private static async Task<JsonNode> RunAsync(Func<string, string?> variable, params string[] options)
    {
        var terminal = new TestTerminal();
        var code = await BeepCommand.RunAsync(["cleanup", .. options, "--json"], terminal.Services() with { Variable = variable }, Token);
        Assert.True(code == 0, terminal.Output + terminal.Error);
        return JsonNode.Parse(terminal.Output)!;
    }
}
