using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Host.Audit;
using Beep.Host.Hosting.Live;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Tasks;

public sealed class TaskEndpointsTests(PostgresServer server)
{
    private const string Admin = "1 system:admin";
    private const string Work = "test.work";

    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task List_OwnAndEverybodys_PagesAndFilters(string kind)
    {
        await using var host = await TaskWebHost.StartAsync(kind, server, Quiet());
        using HttpClient user = host.Client("7"), admin = host.Client(Admin);
        for (var i = 0; i < 5; i++)
        {
            await AddAsync(host, owner: 7);
            await AddAsync(host, owner: 8);
        }

        var first = await user.GetFromJsonAsync<JsonElement>("/api/v1/tasks?kind=test.work&limit=3", Token);
        var second = await user.GetFromJsonAsync<JsonElement>($"/api/v1/tasks?kind=test.work&limit=3&cursor={first.GetProperty("next").GetString()}", Token);
        Assert.Equal((3, 2, JsonValueKind.Null), (first.GetProperty("items").GetArrayLength(), second.GetProperty("items").GetArrayLength(), second.GetProperty("next").ValueKind));
        Assert.Equal(5, first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).Select(task => task.GetProperty("id").GetString()).Distinct().Count());
        Assert.All(first.GetProperty("items").EnumerateArray(), task => Assert.Equal((7, "io"), (task.GetProperty("owner_id").GetInt64(), task.GetProperty("resource_class").GetString())));
        Assert.Equal(10, (await admin.GetFromJsonAsync<JsonElement>("/api/v1/tasks?owner=all&kind=test.work", Token)).GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await admin.GetFromJsonAsync<JsonElement>("/api/v1/tasks?kind=test.work", Token)).GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await user.GetFromJsonAsync<JsonElement>("/api/v1/tasks?status=failed", Token)).GetProperty("items").GetArrayLength());
        await AssertAnswerAsync(HttpStatusCode.Forbidden, "forbidden", await user.GetAsync("/api/v1/tasks?owner=all", Token));
        await AssertAnswerAsync(HttpStatusCode.UnprocessableEntity, "bad_status", await user.GetAsync("/api/v1/tasks?status=done", Token));
        await AssertAnswerAsync(HttpStatusCode.UnprocessableEntity, "bad_owner", await user.GetAsync("/api/v1/tasks?owner=8", Token));
    }

    [Fact]
    public async Task EveryEndpoint_ForeignTaskOrNobody_IsNotFoundOrUnauthorized()
    {
        await using var host = await TaskWebHost.StartAsync(TestDatabase.Sqlite, server, Quiet());
        using HttpClient stranger = host.Client("8 audit.read"), nobody = host.Client(null);
        using var admin = host.Client(Admin);
        var own = await AddAsync(host, owner: 7);
        var system = await AddAsync(host, owner: null);
        foreach (var id in new[] { own, system, "0123456789abcdef", "..%2F..%2Fetc", new string('a', 3000) })
        {
            foreach (var path in new[] { "", "/log", "/stream" })
            {
                await AssertAnswerAsync(HttpStatusCode.NotFound, "task_not_found", await stranger.GetAsync($"/api/v1/tasks/{id}{path}", Token));
                Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync($"/api/v1/tasks/{id}{path}", Token)).StatusCode);
            }

            await AssertAnswerAsync(HttpStatusCode.NotFound, "task_not_found", await stranger.PostAsync($"/api/v1/tasks/{id}/cancel", null, Token));
            Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync($"/api/v1/tasks/{id}/cancel", null, Token)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/api/v1/tasks", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/api/v1/tasks/{own}", Token)).StatusCode);
    }

    [Fact]
    public async Task Cancel_OnceTwiceAndAfterTheEnd_IsAcceptedAcceptedAndRefused()
    {
        var release = new TaskCompletionSource();
        await using var host = await TaskWebHost.StartAsync(TestDatabase.Sqlite, server, new TestHandler(Work, async (_, token) =>
        {
            await release.Task.WaitAsync(CancellationToken.None);
            await Task.Delay(Timeout.Infinite, token);
            return null;
        }));
        using var user = host.Client("7");
        var id = await AddAsync(host, owner: 7);
        await UntilStatusAsync(user, id, "running");
        foreach (var _ in new[] { 1, 2 })
        {
            var answer = await user.PostAsync($"/api/v1/tasks/{id}/cancel", null, Token);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.True((await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("is_cancelling").GetBoolean());
        }

        release.SetResult();
        await UntilStatusAsync(user, id, "cancelled");
        await AssertAnswerAsync(HttpStatusCode.Conflict, "task_finished", await user.PostAsync($"/api/v1/tasks/{id}/cancel", null, Token));
    }

    [Fact]
    public async Task Log_LongOne_IsReadInPages()
    {
        await using var host = await TaskWebHost.StartAsync(TestDatabase.Sqlite, server, new TestHandler(Work, (run, _) =>
        {
            for (var i = 0; i < 450; i++)
            {
                run.Log($"line {i} \u001b[31m");
            }

            run.Log(new string('x', 40_000));
            return Task.FromResult<JsonObject?>(null);
        }));
        using var user = host.Client("7");
        var id = await AddAsync(host, owner: 7);
        await UntilStatusAsync(user, id, "completed");
        List<string> lines = [];
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await user.GetFromJsonAsync<JsonElement>($"/api/v1/tasks/{id}/log?limit=200&cursor={cursor}", Token);
            lines.AddRange(page.GetProperty("items").EnumerateArray().Select(line => line.GetString()!));
            cursor = page.GetProperty("next").GetString();
        }

        Assert.Equal(Enumerable.Range(0, 450).Select(i => $"line {i} ?[31m"), lines.Take(450));
        Assert.Equal(40_000, lines.Skip(450).Sum(line => line.Length));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Start_VerificationOfTheAuditLog_NeedsThePermissionAndFindsTheFirstBadRow(string kind)
    {
        await using var host = await TaskWebHost.StartAsync(kind, server);
        using HttpClient user = host.Client("7"), auditor = host.Client("7 audit.read");
        await AssertAnswerAsync(HttpStatusCode.Forbidden, "forbidden", await user.PostAsJsonAsync("/api/v1/tasks", new { kind = "audit.verify" }, Token));
        await AssertAnswerAsync(HttpStatusCode.UnprocessableEntity, "unknown_kind", await auditor.PostAsJsonAsync("/api/v1/tasks", new { kind = "tasks.cleanup" }, Token));
        Assert.Equal(HttpStatusCode.BadRequest, (await auditor.PostAsJsonAsync("/api/v1/tasks", new { kind = "audit.verify", owner_id = 1 }, Token)).StatusCode);
        var sound = await RunAsync();
        Assert.Equal((true, JsonValueKind.Null), (sound.GetProperty("sound").GetBoolean(), sound.GetProperty("first_bad_row").ValueKind));
        await host.Log.TamperAsync("UPDATE audit_log SET action = 'nothing_happened' WHERE seq = 2");
        var bad = await RunAsync();
        Assert.Equal((false, 2, "Row 2 is not as it was written, or not in its place."), (bad.GetProperty("sound").GetBoolean(), bad.GetProperty("first_bad_row").GetInt64(), bad.GetProperty("problem").GetString()));

        async Task<JsonElement> RunAsync()
        {
            var answer = await auditor.PostAsJsonAsync("/api/v1/tasks", new { kind = "audit.verify" }, Token);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetString()!;
            Assert.Equal($"/api/v1/tasks/{id}", answer.Headers.Location!.ToString());
            return (await UntilStatusAsync(auditor, id, "completed")).GetProperty("result");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stream_BrokenAndResumed_MissesNothingAndRepeatsNothing(string kind)
    {
        var step = new SemaphoreSlim(0);
        await using var host = await TaskWebHost.StartAsync(kind, server, Steps(step));
        using var user = host.Client("7");
        var id = await AddAsync(host, owner: 7);
        List<(long Id, string Type, string Message)> seen = [];
        var rounds = 0;
        while (seen.Count == 0 || seen[^1].Type != "finished")
        {
            Assert.True(++rounds < 100, "The stream never ends.");
            step.Release(3);
            // Each connection breaks after two events.
            seen.AddRange(await ReadStreamAsync(user, id, seen.Count == 0 ? null : seen[^1].Id, 2));
        }

        Assert.Equal(seen.Select(line => line.Id).Distinct().Order(), seen.Select(line => line.Id));
        var all = await ReadStreamAsync(user, id, null, int.MaxValue);
        Assert.Equal(all, seen);
        Assert.Equal(["created", "started", .. Enumerable.Repeat("progress", 10), "finished"], all.Select(line => line.Type));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"step {i}"), all.Where(line => line.Type == "progress").Select(line => line.Message));
        Assert.Empty(await ReadStreamAsync(user, id, all[^1].Id, int.MaxValue));
        using var wrong = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tasks/{id}/stream") { Headers = { { "Last-Event-ID", "x" } } };
        await AssertAnswerAsync(HttpStatusCode.BadRequest, "bad_event_id", await user.SendAsync(wrong, Token));
    }

    [Fact]
    public async Task Stream_OpenWhenTheServerStops_Ends()
    {
        var host = await TaskWebHost.StartAsync(TestDatabase.Sqlite, server, Steps(new SemaphoreSlim(0)));
        using var user = host.Client("7");
        var id = await AddAsync(host, owner: 7);
        await UntilStatusAsync(user, id, "running");
        using var response = await user.GetAsync($"/api/v1/tasks/{id}/stream", HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        while (await reader.ReadLineAsync(Token).AsTask().WaitAsync(TaskTestHost.Patience, Token) is not "event: started")
        {
        }

        var rest = reader.ReadToEndAsync(Token);
        await host.DisposeAsync().AsTask().WaitAsync(TaskTestHost.Patience, Token);
        await rest.WaitAsync(TaskTestHost.Patience, Token);
    }

    [Fact]
    public async Task Hub_TopicsOfTasks_AreForWhoMaySeeThem()
    {
        var step = new SemaphoreSlim(0);
        await using var host = await TaskWebHost.StartAsync(TestDatabase.Sqlite, server, Steps(step));
        var id = await AddAsync(host, owner: 7);
        await using var owner = await ConnectAsync(host, "7");
        await using var stranger = await ConnectAsync(host, "8");
        step.Release(10);
        var events = await CollectAsync(owner, $"task/{id}", null);
        Assert.Equal(["created", "started", .. Enumerable.Repeat("progress", 10), "finished"], events.Select(happened => happened.Type));
        Assert.Equal(id, events[0].Data.GetProperty("id").GetString());
        Assert.Equal(events.Skip(5).Select(happened => happened.Seq), (await CollectAsync(owner, $"task/{id}", events[4].Seq)).Select(happened => happened.Seq));
        foreach (var (connection, topic) in new[] { (stranger, $"task/{id}"), (owner, "task/"), (owner, "tasks/"), (owner, new string('t', 500)) })
        {
            Assert.Contains("unknown_topic", (await Assert.ThrowsAsync<HubException>(() => CollectAsync(connection, topic, null))).Message, StringComparison.Ordinal);
        }

        // Of all tasks, a stranger sees only the own ones, and the administrator every one.
        var mine = await AddAsync(host, owner: 8);
        step.Release(10);
        await using var admin = await ConnectAsync(host, Admin);
        Assert.Equal(mine, (await FirstAsync(stranger, "tasks")).Data.GetProperty("id").GetString());
        Assert.Equal(id, (await FirstAsync(admin, $"task/{id}")).Data.GetProperty("id").GetString());
        await Assert.ThrowsAsync<HttpRequestException>(() => ConnectAsync(host, null));
    }

    [Fact]
    public async Task CleanUp_OldTasks_RemovesThemWithTheirEventsAndLogs()
    {
        await using var host = await TaskWebHost.StartAsync(TestDatabase.Sqlite, server, Quiet());
        using var admin = host.Client(Admin);
        var (old, fresh) = (await AddAsync(host, owner: 7), await AddAsync(host, owner: 7));
        await UntilStatusAsync(admin, old, "completed");
        await UntilStatusAsync(admin, fresh, "completed");
        // The host adds one by itself at its start, which would find the old task as well.
        await UntilStatusAsync(admin, await FirstCleanUpAsync(admin), "completed");
        await using (var context = host.Log.Trail.Database.CreateContext())
        {
            var then = DateTimeOffset.UnixEpoch;
            await context.Set<TaskRow>().Where(row => row.Id == old).ExecuteUpdateAsync(set => set.SetProperty(row => row.CompletedAt, then), Token);
        }

        var cleanup = (await host.Queue.EnqueueAsync(new NewTask("tasks.cleanup", "Remove old tasks"), AuditActors.System, Token)).Id;
        Assert.Equal(1, (await UntilStatusAsync(admin, cleanup, "completed")).GetProperty("result").GetProperty("removed").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/api/v1/tasks/{old}", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/api/v1/tasks/{fresh}", Token)).StatusCode);
        Assert.Equal((false, true), (File.Exists(TaskLog.PathOf(host.Log.Paths, old)), File.Exists(TaskLog.PathOf(host.Log.Paths, fresh))));
        Assert.Single(await host.Log.RowsAsync(), row => row.Action == "tasks_removed");
        Assert.False(await host.Store.AddUnlessRecentAsync(new NewTask("tasks.cleanup", "Remove old tasks"), "io", TimeSpan.FromDays(1), Token));
    }

    private static async Task<string> FirstCleanUpAsync(HttpClient admin)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, Token))
        {
            var tasks = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/tasks?owner=all&kind=tasks.cleanup", Token)).GetProperty("items");
            if (tasks.GetArrayLength() > 0)
            {
                return tasks[0].GetProperty("id").GetString()!;
            }

            Assert.True(waited.Elapsed < TaskTestHost.Patience, "The host never cleans up.");
        }
    }

    private static TestHandler Quiet() => TaskTestHost.Nothing(Work);

    private static TestHandler Steps(SemaphoreSlim step) => new(Work, async (run, token) =>
    {
        for (var i = 0; i < 10; i++)
        {
            await step.WaitAsync(token);
            await run.ReportAsync(i * 10, $"step {i}", token);
        }

        return null;
    });

    private static async Task<string> AddAsync(TaskWebHost host, long? owner) =>
        (await host.Queue.EnqueueAsync(new NewTask(Work, "Work") { OwnerId = owner }, AuditActors.System, Token)).Id;

    private static async Task<JsonElement> UntilStatusAsync(HttpClient client, string id, string status)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            var task = await client.GetFromJsonAsync<JsonElement>($"/api/v1/tasks/{id}", Token);
            if (task.GetProperty("status").GetString() == status)
            {
                return task;
            }

            Assert.True(waited.Elapsed < TaskTestHost.Patience, $"The task never became {status}: {task}");
            await Task.Delay(50, Token);
        }
    }

    private static async Task AssertAnswerAsync(HttpStatusCode status, string code, HttpResponseMessage answer)
    {
        Assert.Equal((status, code), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token)));
        answer.Dispose();
    }

    private static async Task<List<(long Id, string Type, string Message)>> ReadStreamAsync(HttpClient client, string id, long? last, int most)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tasks/{id}/stream");
        if (last is not null)
        {
            request.Headers.Add("Last-Event-ID", $"{last}");
        }

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(("text/event-stream", HttpStatusCode.OK), (response.Content.Headers.ContentType!.MediaType, response.StatusCode));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token), Encoding.UTF8);
        List<(long, string, string)> events = [];
        while (events.Count < most && await reader.ReadLineAsync(Token).AsTask().WaitAsync(TaskTestHost.Patience, Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                var type = (await reader.ReadLineAsync(Token))!["event: ".Length..];
                var data = JsonSerializer.Deserialize<JsonElement>((await reader.ReadLineAsync(Token))!["data: ".Length..]);
                events.Add((long.Parse(line["id: ".Length..], System.Globalization.CultureInfo.InvariantCulture), type, data.GetProperty("message").GetString() ?? ""));
            }
        }

        return events;
    }

    private static async Task<HubConnection> ConnectAsync(TaskWebHost host, string? caller)
    {
        var connection = new HubConnectionBuilder().WithUrl(new Uri(host.Address, "/hubs/live"), (HttpConnectionOptions options) =>
        {
            if (caller is not null)
            {
                options.Headers[TaskWebHost.CallerHeader] = caller;
            }
        }).WithServerTimeout(TaskTestHost.Patience).Build();
        connection.HandshakeTimeout = TaskTestHost.Patience;
        await connection.StartAsync(Token);
        return connection;
    }

    private static async Task<List<LiveEvent>> CollectAsync(HubConnection connection, string topic, long? lastSeq)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TaskTestHost.Patience);
        List<LiveEvent> events = [];
        await foreach (var happened in connection.StreamAsync<LiveEvent>("Watch", topic, lastSeq, limit.Token))
        {
            events.Add(happened);
        }

        return events;
    }

    private static async Task<LiveEvent> FirstAsync(HubConnection connection, string topic)
    {
        await foreach (var happened in connection.StreamAsync<LiveEvent>("Watch", topic, 0L, Token))
        {
            return happened;
        }

        throw new InvalidOperationException($"'{topic}' ended without an event.");
    }
}
