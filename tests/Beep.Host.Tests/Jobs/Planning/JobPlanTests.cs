using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Hosting.Access;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Models;
using Beep.Host.Quotas;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Jobs.Planning;

public sealed class JobPlanTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plan_SoundJob_TellsWhatItTakesAndWhenItBegins()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres);
        var plan = await PlanAsync(server, server.Wanted(20));
        Assert.True((bool)plan["can_start"]!, plan.ToString());
        var heldOut = Assert.Single(plan["problems"]!.AsArray(), problem => (string)problem!["code"]! == "no_validation")!;
        Assert.Equal(("warning", "validation_share", 0.1), ((string)heldOut["severity"]!, (string)heldOut["fix"]!["path"]!, (double)heldOut["fix"]!["value"]!));
        Assert.Equal((80L, 20L, 1.0), ((long)plan["data"]!["rows"]!, (long)plan["work"]!["steps"]!, (double)plan["data"]!["sampled_share"]!));
        Assert.Equal((long)plan["memory"]!["total_bytes"]!, plan["memory"]!["parts"]!.AsArray().Sum(part => (long)part!["bytes"]!));
        Assert.True((bool)plan["memory"]!["fits"]!);
        Assert.True((double)plan["work"]!["seconds_low"]! < (double)plan["work"]!["seconds_high"]!);
        Assert.Equal((1, 0.0, "It begins at once."), ((int)plan["queue"]!["position"]!, (double)plan["queue"]!["starts_in_seconds"]!, (string)plan["queue"]!["reason"]!));
        Assert.DoesNotContain(server.Paths.Home, plan.ToString(), StringComparison.Ordinal);

        var split = server.Wanted(20);
        split["validation_share"] = 0.25;
        plan = await PlanAsync(server, split);
        Assert.Equal((60L, 20L), ((long)plan["data"]!["rows"]!, (long)plan["validation"]!["rows"]!));
        Assert.Empty(plan["problems"]!.AsArray());
    }

    [Fact]
    public async Task Plan_ManyProblems_TellsAllOfThemWithWhatMendsEach()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var plan = await PlanAsync(server, new JsonObject());
        Assert.Equal(["model", "dataset"], plan["problems"]!.AsArray().Select(problem => (string)problem!["field"]!));

        var wrong = server.Wanted(20, ("lora.r", 0), ("train.num_epochs", -1), ("train.colour", "red"), ("data.train", "/etc/passwd"));
        wrong["preset"] = "unknown";
        plan = await PlanAsync(server, wrong);
        Assert.Equal(
            ["unknown_preset preset", "server_chooses data.train", "unknown_field train.colour", "out_of_range lora.r", "out_of_range train.num_epochs"],
            plan["problems"]!.AsArray().Select(problem => $"{problem!["code"]} {problem["field"]}"));

        plan = await PlanAsync(server, server.Wanted(20, ("data.max_length", 8), ("method", "qlora"), ("train.per_device_batch_size", 2)));
        Assert.False((bool)plan["can_start"]!);
        Assert.Equal("transformers", (string)Problem(plan, "backend_cannot")["fix"]!["value"]!);
        Assert.Equal(("data.overlong", "truncate"), ((string)Problem(plan, "overlong")["fix"]!["path"]!, (string)Problem(plan, "overlong")["fix"]!["value"]!));
        Assert.True((long)plan["data"]!["overlong"]! > 0);

        plan = await PlanAsync(server, server.Wanted(20, ("train.per_device_batch_size", 4096), ("data.max_length", 512), ("train.gradient_checkpointing", "off")));
        var memory = plan["problems"]!.AsArray().SingleOrDefault(problem => (string)problem!["code"]! is "out_of_memory" or "tight_memory");
        Assert.True(memory is null || memory["fix"] is not null, plan.ToString());
    }

    [Fact]
    public async Task Plan_SourcesThatAreNotReadyAndQuotas_AreProblems()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var wanted = server.Wanted();
        wanted["model"] = await server.AddModelAsync("tests/preparing", server.Paths.Home, null, ModelState.Preparing);
        wanted["dataset"] = await server.AddDatasetAsync(server.AdminId, "Broken", ["""{"text":"One."}"""], DatasetState.Invalid);
        var plan = await PlanAsync(server, wanted);
        Assert.Equal(["model_not_ready", "dataset_invalid"], plan["problems"]!.AsArray().Select(problem => (string)problem!["code"]!));

        var (id, client) = await server.CreateUserAsync();
        var dataset = await server.AddDatasetAsync(id, "Own", ["""{"text":"One."}""", """{"text":"Two."}"""]);
        await using (var context = server.Get<FineTuneDatabase>().CreateContext())
        {
            context.Add(new Quota { Holder = QuotaHolder.User, HolderId = id, QueuedJobs = 1, GpuMinutes = 0, Bytes = 10, RunningJobs = 2, UpdatedAt = TimeProvider.System.GetUtcNow() });
            await context.SaveChangesAsync(Token);
        }

        var own = server.Wanted();
        own["dataset"] = dataset;
        plan = await PlanAsync(server, own, client);
        Assert.Equal(["quota_gpu_minutes", "quota_bytes"], plan["problems"]!.AsArray().Where(problem => (string)problem!["severity"]! == "error").Select(problem => (string)problem!["code"]!));

        var (reader, looking) = await server.CreateUserAsync(Permissions.FinetuneRead);
        own["dataset"] = await server.AddDatasetAsync(reader, "Own", ["""{"text":"One."}""", """{"text":"Two."}"""]);
        Assert.NotNull(Problem(await PlanAsync(server, own, looking), "no_permission"));
    }

    [Fact]
    public async Task Plan_LargeFile_IsReadInPartAndSaysSo()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var count = (int)(RowSample.MostBytes / 1000) * 3;
        var text = string.Concat(Enumerable.Repeat("A river is a long body of water. ", 30));
        var dataset = await server.AddDatasetAsync(server.AdminId, "Large", [.. Enumerable.Range(0, count).Select(i => $$"""{"text":"{{i}} {{text}}"}""")]);
        var wanted = server.Wanted(20, ("data.max_length", 512));
        wanted["dataset"] = dataset;
        var plan = await PlanAsync(server, wanted);
        Assert.InRange((double)plan["data"]!["sampled_share"]!, 0.2, 0.5);
        Assert.InRange((long)plan["data"]!["rows"]!, count - 10, count + 10);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Paths.FineTune, "samples")));
    }

    private static JsonNode Problem(JsonObject plan, string code) => plan["problems"]!.AsArray().First(problem => (string)problem!["code"]! == code)!;

    private static async Task<JsonObject> PlanAsync(JobServer server, JsonObject wanted, HttpClient? client = null)
    {
        using var answer = await (client ?? server.Admin).PostAsJsonAsync($"{JobServer.Jobs}/plan", wanted, Token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        return (await answer.Content.ReadFromJsonAsync<JsonObject>(Token))!;
    }
}
