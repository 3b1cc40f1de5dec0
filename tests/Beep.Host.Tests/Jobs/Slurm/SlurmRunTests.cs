using System.Text.Json.Nodes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>Jobs on a real Slurm, with a worker that does what the case wants.</summary>
public sealed class SlurmRunTests(TestCluster cluster, PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ToItsEnd_HasTheAllowedEnvironmentAndTellsItsSteps()
    {
        Environment.SetEnvironmentVariable("WAREHOUSE_PASSWORD", "not for workers");
        var script = $"env > seen; umask > mask; echo said; {FakeWorker.WriteEvent(1, SlurmServer.Started)} {FakeWorker.WriteEvent(2, "\"type\":\"metric\",\"step\":4,\"epoch\":1,\"loss\":0.5,\"learning_rate\":0.1,\"grad_norm\":1,\"tokens\":10,\"tokens_per_second\":5")} sleep 1; {FakeWorker.WriteExit("succeeded", 0)}";
        await using var server = await SlurmServer.StartAsync(cluster, postgres, script);
        var id = await server.StartJobAsync(new JsonObject { ["minutes"] = 5, ["cpus_per_task"] = 2 });
        var job = await server.UntilStateAsync(id, "succeeded", "failed");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        Assert.Equal(("COMPLETED", "main", "n1"), ((string?)job["cluster"]!["state"], (string?)job["cluster"]!["partition"], (string?)job["cluster"]!["nodes"]));
        var folder = server.Folder(id);
        var seen = (await File.ReadAllLinesAsync(Path.Combine(folder.Root, "seen"), Token)).ToHashSet();
        Assert.DoesNotContain(seen, line => line.Contains("not for workers", StringComparison.Ordinal) || line.StartsWith("SLURM_CONF=", StringComparison.Ordinal) || line.StartsWith("HOSTNAME=", StringComparison.Ordinal));
        Assert.Contains($"SLURM_JOB_ID={server.Number(id)}", seen);
        Assert.Contains("OMP_NUM_THREADS=2", seen);
        Assert.Contains("0077", await File.ReadAllTextAsync(Path.Combine(folder.Root, "mask"), Token), StringComparison.Ordinal);
        Assert.Contains("said", await File.ReadAllLinesAsync(folder.Output, Token));
        var task = (await server.Get<TaskReader>().FindAsync((string)job["task_id"]!, Token))!;
        Assert.Equal(["Wait for the cluster", "Prepare", "Train", "Evaluate and save"], TaskView.Of(task).Steps.Select(step => step.Name));
        var notes = await server.NotesAsync(id);
        Assert.Contains($"Slurm job {server.Number(id)} is submitted.", notes);
        Assert.Contains($"Slurm job {server.Number(id)} runs on n1.", notes);
        Assert.Single(await cluster.JobsAsync(server.NameOf(id)));
    }
}
