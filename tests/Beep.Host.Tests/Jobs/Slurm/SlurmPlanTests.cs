using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>What the planner says about a cluster before anything is submitted.</summary>
[Collection(SlurmServer.Alone)]
public sealed class SlurmPlanTests(TestCluster cluster, PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plan_OfWhatTheClusterCannot_NamesEachProblemWithItsValue()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, "exit 1", options => options with { Partitions = ["main", "wide", "closed"], Minutes = 30, Gpus = 1, Cpus = 2 });
        var plain = await PlanAsync(server, null);
        Assert.Empty(CodesOf(plain));
        // The settings of the server stand in the plan; those for GPUs are not for a trainer that uses none.
        Assert.Equal((30, 2, null), ((int?)plain["placement"]!["cluster"]!["minutes"], (int?)plain["placement"]!["cluster"]!["cpus_per_task"], (int?)plain["placement"]!["cluster"]!["gpus_per_node"]));
        foreach (var (request, codes) in new (JsonObject, string[])[]
        {
            (new() { ["partition"] = "x\n#SBATCH --wrap=id" }, ["bad_word"]),
            (new() { ["partition"] = "secret" }, ["partition_not_allowed"]),
            (new() { ["minutes"] = 61 }, ["time_over_limit"]),
            (new() { ["partition"] = "wide", ["minutes"] = 600 }, []),
            (new() { ["partition"] = "main,wide", ["minutes"] = 600 }, []),
            (new() { ["partition"] = "closed" }, ["partition_down"]),
            (new() { ["gpus_per_node"] = 1 }, ["no_gpu_backend", "partition_without_gpus"]),
            (new() { ["partition"] = "wide", ["gpus_per_node"] = 3 }, ["no_gpu_backend", "too_many_gpus"]),
            (new() { ["nodes"] = 2 }, ["one_process", "too_many_nodes"]),
            (new() { ["cpus_per_task"] = 64, ["memory_mib"] = 999_999 }, ["too_many_cpus_per_task", "too_many_memory_mib"]),
            (new() { ["minutes"] = 0 }, ["out_of_range"]),
        })
        {
            Assert.Equal(codes, CodesOf(await PlanAsync(server, request)));
        }

        var fix = (await PlanAsync(server, new JsonObject { ["minutes"] = 61 }))["problems"]!.AsArray().Single(problem => (string?)problem!["code"] == "time_over_limit")!;
        Assert.Equal(("placement.cluster.minutes", "The partition 'main' allows 60 minutes and the job asks for 61."), ((string?)fix["field"], (string?)fix["message"]));
        Assert.Equal(("placement.cluster.minutes", 60), ((string?)fix["fix"]!["path"], (int?)fix["fix"]!["value"]));
    }

    [Fact]
    public async Task Plan_OfAPartitionThatIsNot_NamesThoseThatAre()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, "exit 1");
        var problem = (await PlanAsync(server, new JsonObject { ["partition"] = "secret" }))["problems"]!.AsArray().Single(problem => (string?)problem!["code"] == "unknown_partition")!;
        Assert.Equal("Choose of: closed, ended, graced, main, spare, urgent, wide.", string.Join("", ((string)problem["remedy"]!).Split(' ', 3)[..2].Select(word => word + " ")) + string.Join(", ", ((string)problem["remedy"]!)[11..^1].Split(", ").Order()) + ".");
    }

    [Fact]
    public async Task Plan_WhileTheClusterDoesNotAnswer_WarnsAndLetsTheJobBeQueued()
    {
        using var folder = new TemporaryFolder();
        await using var server = await SlurmServer.StartAsync(cluster, postgres, "exit 1", options => options with { CommandFolder = SlurmServer.CommandsOf(folder, isBroken: true) });
        var plan = await PlanAsync(server, null);
        Assert.Equal(["cluster_unreachable"], CodesOf(plan));
        Assert.True((bool)plan["can_start"]!);
    }

    [Fact]
    public async Task Job_WhileTheClusterDoesNotAnswer_WaitsSayingSoAndIsSubmittedOnceWhenItDoes()
    {
        using var folder = new TemporaryFolder();
        await using var server = await SlurmServer.StartAsync(cluster, postgres, FakeWorker.WriteExit("succeeded", 0), options => options with { CommandFolder = SlurmServer.CommandsOf(folder, isBroken: true) });
        var id = await server.StartJobAsync();
        var task = (string)(await server.UntilAsync(id, job => (string?)job["state"] == "running"))["task_id"]!;
        for (var tries = 0; (await server.Get<TaskReader>().FindAsync(task, Token))!.Message?.Contains("The cluster does not answer (squeue: error: Unable to contact slurm controller", StringComparison.Ordinal) != true; tries++)
        {
            Assert.InRange(tries, 0, 900);
            await Task.Delay(100, Token);
        }

        File.Delete(folder.At("broken"));
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        Assert.Single(await cluster.JobsAsync(server.NameOf(id)));
    }

    private static string[] CodesOf(JsonNode plan) => [.. plan["problems"]!.AsArray().Where(problem => problem!["field"]?.ToString().StartsWith("placement", StringComparison.Ordinal) == true).Select(problem => (string)problem!["code"]!).Order(StringComparer.Ordinal)];

    private static async Task<JsonNode> PlanAsync(JobServer server, JsonObject? request)
    {
        var wanted = server.Wanted();
        wanted["placement"] = new JsonObject { ["executor"] = "slurm", ["cluster"] = request };
        using var answer = await server.Admin.PostAsJsonAsync($"{JobServer.Jobs}/plan", wanted, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}
