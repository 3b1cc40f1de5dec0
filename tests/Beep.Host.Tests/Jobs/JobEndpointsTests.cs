using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Beep.Host.Quotas;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tests.Jobs;

public sealed class JobEndpointsTests(PostgresServer postgres)
{
    public static TheoryData<string> Kinds => TestDatabase.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task List_TenThousandJobs_IsFilteredAndPaged(string kind)
    {
        await using var server = await JobServer.StartAsync(kind, postgres, slots: 0);
        await using (var context = server.Get<FineTuneDatabase>().CreateContext())
        {
            var version = await context.Set<DatasetVersion>().Select(found => found.Seq).FirstAsync(Token);
            var now = TimeProvider.System.GetUtcNow();
            context.AddRange(Enumerable.Range(0, 10_000).Select(i => new Job
            {
                Id = PublicId.New(),
                OwnerId = i % 10 == 0 ? 4711 : server.AdminId,
                Name = $"Run {i}",
                State = i % 3 == 0 ? JobState.Succeeded : JobState.Failed,
                ModelId = server.Model,
                ModelName = "beep/tests-tiny",
                DatasetVersionSeq = version,
                Backend = "torchsharp",
                Method = "lora",
                Spec = "{}",
                CreatedAt = now,
            }));
            await context.SaveChangesAsync(Token);
        }

        Assert.Equal(9000, await CountAsync(server, ""));
        Assert.Equal(10_000, await CountAsync(server, "owner=all"));
        Assert.Equal(3000, await CountAsync(server, "state=succeeded"));
        Assert.Equal(1, await CountAsync(server, "search=run 4321"));
        Assert.Equal(0, await CountAsync(server, "search=%25"));
        Assert.Equal(9000, await CountAsync(server, $"model={server.Model}"));
        Assert.Equal(9000, await CountAsync(server, $"dataset={server.Dataset}"));
        Assert.Equal(0, await CountAsync(server, "dataset=0123456789abcdef"));
        var first = (await server.Admin.GetFromJsonAsync<JsonObject>($"{JobServer.Jobs}?limit=1", Token))!["items"]![0]!;
        Assert.Equal(("Run 9999", "What is it", 1, "beep/tests-tiny"), ((string)first["name"]!, (string)first["dataset"]!["name"]!, (int)first["dataset"]!["version"]!, (string)first["model"]!["name"]!));
        using var bad = await server.Admin.GetAsync($"{JobServer.Jobs}?state=odd", Token);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, bad.StatusCode);
        var (_, client) = await server.CreateUserAsync();
        using var all = await client.GetAsync($"{JobServer.Jobs}?owner=all", Token);
        Assert.Equal(HttpStatusCode.Forbidden, all.StatusCode);
    }

    [Fact]
    public async Task Queue_PriorityAndLimits_AreShownWithTheirReasons()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var first = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
        var second = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
        var place = (await server.GetAsync(second))["queue"]!;
        Assert.Equal((2, "It waits for 1 job before it."), ((int)place["position"]!, (string)place["reason"]!));
        using (var raised = await server.Admin.PatchAsJsonAsync($"{JobServer.Jobs}/{second}", new { priority = 5, name = "Sooner" }, Token))
        {
            Assert.Equal(HttpStatusCode.OK, raised.StatusCode);
        }

        Assert.Equal((1, 2), ((int)(await server.GetAsync(second))["queue"]!["position"]!, (int)(await server.GetAsync(first))["queue"]!["position"]!));
        Assert.Equal("Sooner", (string)(await server.GetAsync(second))["name"]!);
        var (id, client) = await server.CreateUserAsync();
        await using (var context = server.Get<FineTuneDatabase>().CreateContext())
        {
            context.Add(new Quota { Holder = QuotaHolder.User, HolderId = id, QueuedJobs = 1, RunningJobs = 0, UpdatedAt = TimeProvider.System.GetUtcNow() });
            await context.SaveChangesAsync(Token);
        }

        var wanted = server.Wanted();
        wanted["dataset"] = await server.AddDatasetAsync(id, "Own", ["""{"text":"One."}""", """{"text":"Two."}"""]);
        var own = (string)(await server.CreateAsync(wanted, client))["id"]!;
        Assert.Equal("It waits: your limit of 0 running jobs.", (string)(await server.GetAsync(own, client))["queue"]!["reason"]!);
        using (var full = await client.PostAsJsonAsync(JobServer.Jobs, wanted, Token))
        {
            Assert.Equal((HttpStatusCode.UnprocessableEntity, "quota_queued_jobs"), (full.StatusCode, (string)(await full.Content.ReadFromJsonAsync<JsonObject>(Token))!["code"]!));
        }

        using var refused = await client.PatchAsJsonAsync($"{JobServer.Jobs}/{own}", new { priority = 5 }, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var cancelled = await server.PostAsync(own, "cancel", client);
        Assert.Equal((HttpStatusCode.Accepted, "cancelled"), (cancelled.StatusCode, (string)(await cancelled.Content.ReadFromJsonAsync<JsonObject>(Token))!["state"]!));
        using var noCheckpoint = await server.PostAsync(own, "resume", client);
        Assert.Equal(HttpStatusCode.Conflict, noCheckpoint.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Draft_ClonedStartedAndReproduced_KeepsItsSettings(string kind)
    {
        await using var server = await JobServer.StartAsync(kind, postgres, slots: 0);
        var wanted = server.Wanted(11, ("lora.r", 4));
        wanted["start"] = false;
        wanted["name"] = "A draft";
        var draft = await server.CreateAsync(wanted);
        Assert.Equal(("draft", "A draft"), ((string)draft["state"]!, (string)draft["name"]!));
        Assert.False(Directory.Exists(server.Folder((string)draft["id"]!).Root));
        using (var clone = await server.PostAsync((string)draft["id"]!, "clone"))
        {
            var made = (await clone.Content.ReadFromJsonAsync<JsonObject>(Token))!;
            Assert.Equal((HttpStatusCode.Created, "draft", "A draft (copy)", (string)draft["id"]!), (clone.StatusCode, (string)made["state"]!, (string)made["name"]!, (string)made["parent_id"]!));
            Assert.Equal((4, 11), ((int)made["spec"]!["lora"]!["r"]!, (int)made["spec"]!["train"]!["max_steps"]!));
        }

        var id = (string)draft["id"]!;
        using (var cancelled = await server.PostAsync(id, "cancel"))
        {
            Assert.Equal(HttpStatusCode.Conflict, cancelled.StatusCode);
        }

        using (var started = await server.PostAsync(id, "start"))
        using (var again = await server.PostAsync(id, "start"))
        {
            Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Conflict), (started.StatusCode, again.StatusCode));
        }

        Assert.Equal("queued", (string)(await server.GetAsync(id))["state"]!);
        Assert.True(File.Exists(server.Folder(id).Spec));
        using (var same = await server.PostAsync(id, "reproduce"))
        {
            var made = (await same.Content.ReadFromJsonAsync<JsonObject>(Token))!;
            Assert.Equal((HttpStatusCode.Created, "queued"), (same.StatusCode, (string)made["state"]!));
            var (before, after) = ((await server.GetAsync(id))["spec"]!, made["spec"]!);
            (before["job_id"], after["job_id"]) = ("", "");
            Assert.True(JsonNode.DeepEquals(before, after), $"{before}\n{after}");
        }

        await using (var context = server.Get<HostDatabase>().CreateContext())
        {
            await context.Set<Model>().Where(model => model.Id == server.Model).ExecuteUpdateAsync(set => set.SetProperty(model => model.Sha256, new string('b', 64)), Token);
        }

        using var changed = await server.PostAsync(id, "reproduce");
        Assert.Equal((HttpStatusCode.Conflict, "model_changed"), (changed.StatusCode, (string)(await changed.Content.ReadFromJsonAsync<JsonObject>(Token))!["code"]!));
    }

    [Fact]
    public async Task Start_DraftThatCannot_StaysADraftAndSaysWhy()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var wanted = server.Wanted(5, ("method", "qlora"));
        using (var refused = await server.Admin.PostAsJsonAsync(JobServer.Jobs, wanted, Token))
        {
            Assert.Equal((HttpStatusCode.UnprocessableEntity, "backend_cannot"), (refused.StatusCode, (string)(await refused.Content.ReadFromJsonAsync<JsonObject>(Token))!["code"]!));
        }

        wanted["start"] = false;
        var id = (string)(await server.CreateAsync(wanted))["id"]!;
        using var started = await server.PostAsync(id, "start");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, started.StatusCode);
        var draft = await server.GetAsync(id);
        Assert.Equal(("draft", false), ((string)draft["state"]!, (bool)draft["plan"]!["can_start"]!));
    }

    [Fact]
    public async Task Presets_List_HasEachWithWhatItSets()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var presets = (await server.Admin.GetFromJsonAsync<JsonArray>("/api/v1/finetune/presets", Token))!;
        Assert.Equal(["dora", "dpo", "full", "lora", "lora-small", "qlora"], presets.Select(preset => (string)preset!["name"]!));
        Assert.Equal("lora", (string)presets.Single(preset => (bool)preset!["is_default"]!)!["name"]!);
        Assert.Equal(8, (int)presets.Single(preset => (string?)preset!["name"] == "lora-small")!["spec"]!["lora"]!["r"]!);
    }

    private static async Task<int> CountAsync(JobServer server, string query)
    {
        var (count, cursor) = (0, (string?)null);
        do
        {
            var page = (await server.Admin.GetFromJsonAsync<JsonObject>($"{JobServer.Jobs}?limit=200&{query}{(cursor is null ? "" : $"&cursor={cursor}")}", Token))!;
            count += page["items"]!.AsArray().Count;
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        return count;
    }
}
