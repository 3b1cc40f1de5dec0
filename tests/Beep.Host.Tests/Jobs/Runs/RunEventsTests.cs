using System.Net;
using System.Text.Json;
using Beep.Host.Hosting.Live;
using Beep.Host.Jobs.Runs.Events;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using static Beep.Host.Tests.Jobs.Runs.RunHome;

namespace Beep.Host.Tests.Jobs.Runs;

public sealed class RunEventsTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Page_WorkerAndHost_AreInOrderAndGoneOnWithByCursor(string kind)
    {
        await using var home = await StartAsync(postgres, kind);
        var (job, folder) = await home.AddAsync(JobState.Succeeded);
        await home.NoteAsync(job, "queued", 0.5);
        await home.NoteAsync(job, "started", 0.7);
        await home.NoteAsync(job, "succeeded", 100);
        await File.WriteAllTextAsync(folder.Events, Started(1) + Metric(2, 1, 2.5) + "not json\n" + Line(3, "\"type\":\"later\",\"x\":1") + Metric(4, 2, null) + "{\"v\":1,\"seq\":5,\"typ", Token);

        List<string> seen = [];
        var cursor = "";
        while (cursor is not null)
        {
            var page = await home.GetAsync($"/api/v1/finetune/jobs/{job.Id}/events?limit=2&cursor={cursor}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(Describe));
            cursor = page.GetProperty("next").GetString();
        }

        Assert.Equal(["state queued", "state started", "started 1", "metric 2", "later 3", "metric 4", "state succeeded"], seen);
    }

    [Fact]
    public async Task Stream_Reconnected_MissesNothingAndRepeatsNothing()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await home.AddAsync();
        var path = $"/api/v1/finetune/jobs/{job.Id}/events";
        await File.WriteAllTextAsync(folder.Events, Started(1) + Metric(2, 1, 2), Token);
        await home.NoteAsync(job, "started", 0.5);
        var (numbers, seen) = (new List<long>(), new List<string>());
        await foreach (var happened in StreamAsync(home.Admin, path, cancellationToken: Token))
        {
            numbers.Add(happened.Id);
            seen.Add(Describe(happened.Event, happened.Data));
            if (seen.Count == 3)
            {
                break;
            }
        }

        // While nobody looks the worker is killed in the middle of a line, and another one goes on.
        await File.AppendAllTextAsync(folder.Events, "{\"v\":1,\"seq\":3,\"ty", Token);
        await using (var stream = new FileStream(folder.Events, FileMode.Open))
        {
            stream.SetLength(stream.Length - "{\"v\":1,\"seq\":3,\"ty".Length);
        }

        await File.AppendAllTextAsync(folder.Events, Started(3, 1), Token);
        await foreach (var happened in StreamAsync(home.Admin, path, numbers[^1], Token))
        {
            numbers.Add(happened.Id);
            seen.Add(Describe(happened.Event, happened.Data));
            if (seen.Count == 4)
            {
                await File.AppendAllTextAsync(folder.Events, Metric(4, 2, 1) + "{\"v\":1,\"seq\":5,", Token);
            }
            else if (seen.Count == 5)
            {
                await File.AppendAllTextAsync(folder.Events, "\"type\":\"finished\",\"at\":\"2026-01-01T00:00:05Z\",\"status\":\"succeeded\"}\n", Token);
                await home.NoteAsync(job, "succeeded", 6);
                await home.SetStateAsync(job, JobState.Succeeded);
            }
        }

        Assert.Equal(["state started", "started 1", "metric 2", "started 3", "metric 4", "finished 5", "state succeeded"], seen);
        Assert.Equal(numbers.Order().Distinct(), numbers);
        Assert.Equal(5, numbers[^2] >> 14);
        var rest = new List<string>();
        await foreach (var happened in StreamAsync(home.Admin, path, numbers[^2], Token))
        {
            rest.Add(Describe(happened.Event, happened.Data));
        }

        Assert.Equal(["state succeeded"], rest);
    }

    [Fact]
    public async Task Watch_ManyEventsBySeveralViewers_EachGetsEveryOneOnceInOrder()
    {
        const int viewers = 5, events = 12_000;
        await using var home = await StartAsync(postgres);
        var (job, folder) = await home.AddAsync();
        await File.WriteAllTextAsync(folder.Events, "", Token);
        var feed = home.Get<RunFeed>();
        var slow = new SemaphoreSlim(0);
        var watching = Enumerable.Range(0, viewers).Select(viewer => Task.Run(async () =>
        {
            var seqs = new List<long>();
            await foreach (var happened in feed.WatchAsync(job, default, Token))
            {
                // What the host noted has no number of its own; it comes after what the worker had said before.
                seqs.Add(happened.Type == "state" ? -1 : RunCursor.Of(happened.Seq).Seq);
                if (viewer == 0 && seqs.Count == 10)
                {
                    // One stands still until the others have everything: it is caught up from the file.
                    await slow.WaitAsync(Token);
                }
            }

            return seqs;
        }, Token)).ToList();
        await using (var stream = new FileStream(folder.Events, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            for (var seq = 1; seq <= events; seq++)
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(Metric(seq, seq, 1.0 / seq)));
                await stream.FlushAsync(Token);
            }
        }

        await home.NoteAsync(job, "succeeded", events + 1);
        await home.SetStateAsync(job, JobState.Succeeded);
        home.Get<TaskSignals>().Changed();
        await Task.WhenAll(watching.Skip(1));
        slow.Release();
        foreach (var seqs in watching)
        {
            Assert.Equal(Enumerable.Range(1, events).Select(seq => (long)seq).Append(-1), await seqs);
        }
    }

    [Fact]
    public async Task Hub_Topic_GoesOnAndIsNobodyElses()
    {
        await using var home = await StartAsync(postgres);
        var (job, folder) = await home.AddAsync(JobState.Succeeded);
        await File.WriteAllTextAsync(folder.Events, Started(1) + Metric(2, 1, 2) + Metric(3, 2, 1), Token);
        await using var connection = await ConnectAsync(home, home.Admin);
        var all = await CollectAsync(connection, $"job/{job.Id}", null);
        Assert.Equal([1, 2, 3], all.Select(happened => RunCursor.Of(happened.Seq).Seq));
        Assert.Equal([3], (await CollectAsync(connection, $"job/{job.Id}", all[1].Seq)).Select(happened => RunCursor.Of(happened.Seq).Seq));

        using var stranger = await home.Server.CreateAdminClientAsync("finetune.read");
        await using var foreign = await ConnectAsync(home, stranger);
        foreach (var topic in new[] { $"job/{job.Id}", "job/0123456789abcdef", "job/../x", "job/" })
        {
            Assert.Contains("unknown_topic", (await Assert.ThrowsAsync<HubException>(() => CollectAsync(foreign, topic, null))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Endpoints_ForeignDeletedOrUnknownJob_AreNotFound()
    {
        await using var home = await StartAsync(postgres);
        var (job, _) = await home.AddAsync();
        using var stranger = await home.Server.CreateAdminClientAsync("finetune.read");
        using var nobody = await home.Server.CreateAdminClientAsync("audit.read");
        foreach (var path in new[] { "events", "metrics", "logs", "artifacts", "artifacts/adapter", "artifacts/adapter/x", "archive", "results.csv" })
        {
            foreach (var id in new[] { job.Id, "0123456789abcdef", "..%2f..", "x" })
            {
                await AssertFaultAsync(HttpStatusCode.NotFound, "job_not_found", await stranger.GetAsync($"/api/v1/finetune/jobs/{id}/{path}", Token));
            }

            Assert.Equal(HttpStatusCode.Forbidden, (await nobody.GetAsync($"/api/v1/finetune/jobs/{job.Id}/{path}", Token)).StatusCode);
        }

        await AssertFaultAsync(HttpStatusCode.NotFound, "job_not_found", await stranger.GetAsync($"/api/v1/finetune/jobs/compare?ids={job.Id}", Token));
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/finetune/jobs/{job.Id}/events") { Headers = { { "Accept", "text/event-stream" }, { "Last-Event-ID", "9007199254740993" } } };
        await AssertFaultAsync(HttpStatusCode.BadRequest, "bad_cursor", await home.Admin.SendAsync(request, Token));
    }

    [Fact]
    public void Locate_LongFile_FindsTheNextEventFromAnywhere()
    {
        using var folder = new Beep.Tests.TemporaryFolder();
        var text = new System.Text.StringBuilder();
        for (var seq = 1; seq <= 5000; seq++)
        {
            text.Append(Metric(seq, seq, 1));
            if (seq % 700 == 0)
            {
                text.Append('x', 100_000).Append('\n');
            }
        }

        var path = folder.Write("events.jsonl", text.ToString());
        foreach (var after in new long[] { 0, 1, 2, 699, 700, 701, 2500, 4998, 4999 })
        {
            var (events, _) = RunEventFile.Read(path, RunEventFile.Locate(path, after), after, 1);
            Assert.Equal(after + 1, Assert.Single(events).Seq);
        }

        Assert.Empty(RunEventFile.Read(path, RunEventFile.Locate(path, 5000), 5000, 1).Events);
        Assert.Equal((5000, new FileInfo(path).Length), RunEventFile.End(path));
    }

    private static string Describe(JsonElement item) => Describe(item.GetProperty("type").GetString()!, item.GetProperty("data"));

    private static string Describe(string type, JsonElement data) => $"{type} {(type == "state" ? data.GetProperty("state").GetString() : data.GetProperty("seq").GetRawText())}";

    private static async Task<HubConnection> ConnectAsync(RunHome home, HttpClient client)
    {
        var connection = new HubConnectionBuilder().WithUrl(new Uri(home.Server.Address, "/hubs/live"), options =>
            options.Headers["Authorization"] = client.DefaultRequestHeaders.Authorization!.ToString()).WithServerTimeout(RunningServer.Patience).Build();
        connection.HandshakeTimeout = RunningServer.Patience;
        await connection.StartAsync(Token);
        return connection;
    }

    private static async Task<List<LiveEvent>> CollectAsync(HubConnection connection, string topic, long? lastSeq)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(RunningServer.Patience);
        List<LiveEvent> events = [];
        await foreach (var happened in connection.StreamAsync<LiveEvent>("Watch", topic, lastSeq, limit.Token))
        {
            events.Add(happened);
        }

        return events;
    }
}
