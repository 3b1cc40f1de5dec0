using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Jobs;

/// <summary>Jobs from their request to their end, with real runs.</summary>
public sealed class JobLifeCycleTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Create_ShortRun_SucceedsWithArtifactsHistoryAndAudit(string kind)
    {
        await using var server = await JobServer.StartAsync(kind, postgres);
        var wanted = server.Wanted();
        wanted["validation_share"] = 0.2;
        wanted["metadata"] = new JsonObject { ["team"] = "maps" };
        var made = await server.CreateAsync(wanted);
        Assert.Contains((string)made["state"]!, new[] { "queued", "running", "succeeded" });
        var id = (string)made["id"]!;
        var done = await server.UntilStateAsync(id, "succeeded", "failed");
        Assert.True((string)done["state"]! == "succeeded", done.ToString());
        Assert.Equal((6, 6, "maps"), ((int)done["step"]!, (int)done["total_steps"]!, (string)done["metadata"]!["team"]!));
        Assert.NotNull(done["loss"]);
        Assert.NotNull(done["evaluation_loss"]);
        var artifact = done["artifacts"]!.AsArray().Single()!;
        Assert.Equal("adapter", (string)artifact["name"]!);
        Assert.Equal(64, ((string)artifact["sha256"]!).Length);
        Assert.True((long)artifact["bytes"]! > 1000);
        var folder = server.Folder(id);
        var (learnt, heldOut) = (File.ReadLines(Path.Combine(folder.Root, "data", "train.jsonl")).ToList(), File.ReadLines(Path.Combine(folder.Root, "data", "validation.jsonl")).ToList());
        Assert.Equal((64, 16, 0), (learnt.Count, heldOut.Count, learnt.Intersect(heldOut).Count()));
        // The stored spec names ids, and the one of the folder paths of the server's choice.
        Assert.Equal((server.Model, $"{server.Dataset}/v1", "share:0.2"), ((string)done["spec"]!["model"]!["path"]!, (string)done["spec"]!["data"]!["train"]!, (string)done["spec"]!["data"]!["validation"]!));
        Assert.StartsWith(folder.Root, SpecReader.Read(folder.Spec).Data.Train, StringComparison.Ordinal);

        await using var context = server.Get<FineTuneDatabase>().CreateContext();
        var history = await context.Set<JobEventRow>().OrderBy(row => row.Seq).Select(row => row.Type).ToListAsync(Token);
        Assert.Equal(["created", "handed_over", "started", "succeeded"], history);
        await using var host = server.Get<HostDatabase>().CreateContext();
        var audited = await host.Set<AuditRow>().Where(row => row.ResourceType == "job").OrderBy(row => row.Seq).Select(row => row.Action).ToListAsync(Token);
        Assert.Equal(["job_created", "job_handed_over", "job_started", "job_succeeded"], audited);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cancel_ThenResume_GoesOnWithoutAGap(string kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere processes are ended without being asked.");
        await using var server = await JobServer.StartAsync(kind, postgres);
        var id = (string)(await server.CreateAsync(server.Wanted(JobServer.Endless, ("train.save_steps", JobServer.Endless))))["id"]!;
        await server.UntilAsync(id, job => (int)job["step"]! >= 2);
        using (var again = await server.PostAsync(id, "restart"))
        {
            Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        }

        using (var first = await server.PostAsync(id, "cancel"))
        using (var second = await server.PostAsync(id, "cancel"))
        {
            Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
            Assert.Contains(second.StatusCode, new[] { HttpStatusCode.Accepted, HttpStatusCode.Conflict });
        }

        await server.UntilStateAsync(id, "cancelled");
        using (var third = await server.PostAsync(id, "cancel"))
        {
            Assert.Equal(HttpStatusCode.Conflict, third.StatusCode);
        }

        var saved = server.Folder(id).ListCheckpoints().Single().Step;
        using (var resumed = await server.PostAsync(id, "resume"))
        {
            Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        }

        var job = await server.UntilAsync(id, job => (Starts(server, id).Count == 2 && (int)job["step"]! > saved) || (string)job["state"]! == "failed");
        Assert.NotEqual("failed", (string)job["state"]!);
        using (await server.PostAsync(id, "cancel"))
        {
            await server.UntilStateAsync(id, "cancelled");
        }

        var events = EventReader.ReadFrom(server.Folder(id).Events).Select(line => line.Event).ToList();
        Assert.Equal(saved, events.OfType<StartedEvent>().Last().ResumedFrom);
        var steps = events.OfType<MetricEvent>().Select(metric => metric.Step).ToList();
        Assert.Equal(Enumerable.Range(1, steps[^1]), steps);
        Assert.True((double)job["device_seconds"]! > 0);
    }

    [Fact]
    public async Task Restart_AfterSuccess_BeginsFromNothing()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var id = (string)(await server.CreateAsync(server.Wanted(2)))["id"]!;
        await server.UntilStateAsync(id, "succeeded");
        using (var restarted = await server.PostAsync(id, "restart"))
        {
            Assert.Equal(HttpStatusCode.Accepted, restarted.StatusCode);
            var job = (await restarted.Content.ReadFromJsonAsync<JsonObject>(Token))!;
            // A run as short as this one may have ended again before it is answered.
            Assert.True((string)job["state"]! == "succeeded" || job["artifacts"]!.AsArray().Count == 0, job.ToString());
        }

        var done = await server.UntilStateAsync(id, "succeeded", "failed");
        Assert.Equal("succeeded", (string)done["state"]!);
        Assert.Single(done["artifacts"]!.AsArray());
        Assert.Equal([null, null], EventReader.ReadFrom(server.Folder(id).Events).Select(line => line.Event).OfType<StartedEvent>().Select(started => started.ResumedFrom));
        Assert.DoesNotContain(Directory.EnumerateDirectories(server.Folder(id).Root), JobFiles.IsTrash);
    }

    [Fact]
    public async Task Worker_KilledAtOnce_FailsWithAReasonAndCanBeResumed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var id = (string)(await server.CreateAsync(server.Wanted(JobServer.Endless)))["id"]!;
        await server.UntilAsync(id, _ => server.Folder(id).ListCheckpoints().Count > 0);
        var running = await server.GetAsync(id);
        Process.GetProcessById(await ProcessOfAsync(server, (string)running["task_id"]!)).Kill();
        var failed = await server.UntilStateAsync(id, "failed");
        Assert.Equal(("worker_died", true), ((string)failed["error"]!["code"]!, ((string)failed["error"]!["message"]!).Contains("signal 9", StringComparison.Ordinal)));
        using (var resumed = await server.PostAsync(id, "resume"))
        {
            Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        }

        await server.UntilAsync(id, job => (string)job["state"]! == "running" && Starts(server, id).Count == 2);
        Assert.True(Starts(server, id)[1].ResumedFrom >= 2);
        using (await server.PostAsync(id, "cancel"))
        {
            await server.UntilStateAsync(id, "cancelled");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reconcile_JobsWhoseTaskEndedMeanwhile_AreBroughtIntoItsState(string kind)
    {
        // No slot: nothing is begun here, and the rows are as a host that was lost left them.
        await using var server = await JobServer.StartAsync(kind, postgres, slots: 0);
        var ids = new List<string>();
        foreach (var _ in Enumerable.Range(0, 4))
        {
            ids.Add((string)(await server.CreateAsync(server.Wanted()))["id"]!);
        }

        await LoseAsync(server, ids[0], null);
        await LoseAsync(server, ids[1], row => row.Become(TaskState.Cancelled));
        await LoseAsync(server, ids[2], row =>
        {
            row.Become(TaskState.Running);
            row.Become(TaskState.Failed);
            (row.ErrorCode, row.Error, row.ErrorRemedy) = ("too_many_attempts", "The server ended 3 times.", "Start it again.");
        });
        await LoseAsync(server, ids[3], _ => { });
        Assert.Equal("task_lost", (string)(await server.UntilStateAsync(ids[0], "failed"))["error"]!["code"]!);
        await server.UntilStateAsync(ids[1], "cancelled");
        Assert.Equal("The server ended 3 times.", (string)(await server.UntilStateAsync(ids[2], "failed"))["error"]!["message"]!);
        // It waits again: it was running in a host that is gone.
        await server.UntilStateAsync(ids[3], "queued");
        Assert.Equal(0, await server.Get<JobService>().ReconcileAsync(Token));
    }

    [Fact]
    public async Task Slot_OfTwoOwners_IsSharedInTurns()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var (other, client) = await server.CreateUserAsync();
        var dataset = await server.AddDatasetAsync(other, "Theirs", [.. Enumerable.Range(1, 30).Select(i => $$"""{"text":"Count {{i}}."}""")]);
        List<string> ids = [];
        foreach (var steps in new[] { JobServer.Endless, 2, 2 })
        {
            ids.Add((string)(await server.CreateAsync(server.Wanted(steps)))["id"]!);
        }

        var theirs = server.Wanted(2);
        theirs["dataset"] = dataset;
        var last = (string)(await server.CreateAsync(theirs, client))["id"]!;
        // The first one has the slot until all wait.
        await server.UntilStateAsync(ids[0], "running");
        using (var cancelled = await server.PostAsync(ids[0], "cancel"))
        {
            Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        }

        await server.UntilStateAsync(ids[0], "cancelled");
        foreach (var id in ids.Skip(1).Append(last))
        {
            await server.UntilStateAsync(id, "succeeded");
        }

        var starts = new List<DateTimeOffset>();
        foreach (var id in ids.Append(last))
        {
            starts.Add(DateTimeOffset.Parse((string)(await server.GetAsync(id))["started_at"]!, CultureInfo.InvariantCulture));
        }

        // Whoever came last and has run nothing goes before the third job of the other, and before the second unless that was begun already.
        Assert.True(starts[3] < starts[2], string.Join(", ", starts));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Delete_AfterTheEnd_RemovesFilesAndKeepsTheRow(string kind)
    {
        await using var server = await JobServer.StartAsync(kind, postgres, slots: 0);
        var id = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
        using (var active = await server.Admin.DeleteAsync($"{JobServer.Jobs}/{id}", Token))
        {
            Assert.Equal(HttpStatusCode.Conflict, active.StatusCode);
        }

        using (await server.PostAsync(id, "cancel"))
        {
            await server.UntilStateAsync(id, "cancelled");
        }

        Assert.True(File.Exists(server.Folder(id).Spec));
        using (var deleted = await server.Admin.DeleteAsync($"{JobServer.Jobs}/{id}", Token))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        Assert.False(Directory.Exists(server.Folder(id).Root));
        using (var gone = await server.Admin.GetAsync($"{JobServer.Jobs}/{id}", Token))
        {
            Assert.Equal(HttpStatusCode.Conflict, gone.StatusCode);
        }

        var list = await server.Admin.GetFromJsonAsync<JsonObject>(JobServer.Jobs, Token);
        Assert.Empty(list!["items"]!.AsArray());
    }

    [Fact]
    public async Task Host_StoppedAndStartedAgain_GoesOnWithItsJobs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere processes are ended without being asked.");
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var id = (string)(await server.CreateAsync(server.Wanted(JobServer.Endless, ("train.save_steps", JobServer.Endless))))["id"]!;
        await server.UntilAsync(id, job => (int)job["step"]! >= 2);
        var runner = server.Server.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<TaskRunner>().Single();
        await runner.StopAsync(Token);
        var waiting = await server.GetAsync(id);
        Assert.Equal("queued", (string)waiting["state"]!);
        var taskId = (string)waiting["task_id"]!;
        Assert.Null((await server.Get<TaskReader>().FindAsync(taskId, Token))!.HostId);
        Assert.Null(ProcessIdentity.Parse((await server.Get<TaskReader>().FindAsync(taskId, Token))!.Process));
    }

    private static List<StartedEvent> Starts(JobServer server, string id) => [.. EventReader.ReadFrom(server.Folder(id).Events).Select(line => line.Event).OfType<StartedEvent>()];

    private static async Task<int> ProcessOfAsync(JobServer server, string taskId)
    {
        var leader = ProcessIdentity.Parse((await server.Get<TaskReader>().FindAsync(taskId, Token))!.Process)!;
        return leader.Pid;
    }

    private static async Task LoseAsync(JobServer server, string id, Action<TaskRow>? become)
    {
        string taskId = "0123456789abcdef";
        if (become is not null)
        {
            var task = await server.Get<TaskQueue>().EnqueueAsync(new NewTask("finetune.train", "Lost") { Input = new JsonObject { ["folder"] = "finetune/jobs/" + id, ["job_id"] = id } }, AuditActors.System, Token);
            taskId = task.Id;
            await using var host = server.Get<HostDatabase>().CreateContext();
            var row = await host.Set<TaskRow>().SingleAsync(found => found.Id == taskId, Token);
            become(row);
            await host.SaveChangesAsync(Token);
        }

        await using var context = server.Get<FineTuneDatabase>().CreateContext();
        await context.Set<Job>().Where(job => job.Id == id).ExecuteUpdateAsync(set => set.SetProperty(job => job.State, JobState.Running).SetProperty(job => job.TaskId, taskId), Token);
    }
}
