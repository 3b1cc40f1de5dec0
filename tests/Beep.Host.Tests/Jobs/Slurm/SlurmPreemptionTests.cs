using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Tests.Support;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>Jobs that make room for one of a higher priority.</summary>
[Collection(SlurmServer.Alone)]
public sealed class SlurmPreemptionTests(TestCluster cluster, PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Put back at once, and after a grace within which the script is told and the worker ends.</summary>
    [Theory]
    [InlineData("spare")]
    [InlineData("graced")]
    public async Task Run_PreemptedAndPutBack_SaysSoWhileItWaitsAndGoesOn(string partition)
    {
        var script = $"""echo start >> starts; if [ "$(wc -l < starts)" -eq 1 ]; then {SlurmServer.Patient}; fi; {FakeWorker.WriteExit("succeeded", 0)}""";
        await using var server = await SlurmServer.StartAsync(cluster, postgres, script);
        var id = await server.StartJobAsync(new JsonObject { ["partition"] = partition, ["minutes"] = 30 });
        await server.UntilStartedAsync(id);
        var other = await PreemptAsync();
        var waiting = await server.UntilAsync(id, job => job["queue"]?["reason"]?.ToString().StartsWith("Preempted", StringComparison.Ordinal) == true || (string?)job["state"] != "running");
        Assert.True((string?)waiting["state"] == "running", waiting.ToJsonString());
        Assert.StartsWith("Preempted by a job of a higher priority; waiting on Slurm: ", (string?)waiting["queue"]!["reason"], StringComparison.Ordinal);
        await cluster.RunAsync("scancel", other);
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        Assert.Equal(2, (await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "starts"), Token)).Length);
        Assert.Contains($"The Slurm job {server.Number(id)} was preempted by one of a higher priority and is back in the queue of the cluster; it goes on from its last checkpoint.", await server.NotesAsync(id));
        Assert.Single(await cluster.JobsAsync(server.NameOf(id)));
    }

    [Fact]
    public async Task Run_PreemptedAndEnded_FailsSayingSoAndResumes()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, SlurmServer.Patient);
        var id = await server.StartJobAsync(new JsonObject { ["partition"] = "ended" });
        await server.UntilStartedAsync(id);
        var other = await PreemptAsync();
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.Equal(("failed", "preempted"), ((string?)job["state"], (string?)job["error"]!["code"]));
        Assert.Equal($"The Slurm job {server.Number(id)} was ended for one of a higher priority. The checkpoint of step 2 is saved.", (string?)job["error"]!["message"]);
        Assert.Equal("Resume the job: it goes on from there, or choose another partition.", (string?)job["error"]!["remedy"]);
        Assert.Contains("resume", job["actions"]!.AsArray().Select(action => (string?)action));
        Assert.Equal(JobStatus.Cancelled, JobExit.Read(server.Folder(id))!.Status);
        await cluster.RunAsync("scancel", other);
    }

    [Fact]
    public async Task Run_CancelledHereWithinItsGrace_EndsWithoutWaitingForIt()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, SlurmServer.Patient);
        var id = await server.StartJobAsync(new JsonObject { ["partition"] = "graced", ["minutes"] = 30 });
        await server.UntilStartedAsync(id);
        var other = await PreemptAsync();
        await server.UntilAsync(id, _ => File.Exists(server.Folder(id).Exit));
        (await server.PostAsync(id, "cancel")).EnsureSuccessStatusCode();
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "cancelled", job.ToJsonString());
        Assert.DoesNotContain("PENDING", Assert.Single(await cluster.JobsAsync(server.NameOf(id))), StringComparison.Ordinal);
        await cluster.RunAsync("scancel", other);
    }

    /// <summary>Submits one that takes the whole node, and returns its number.</summary>
    private Task<string> PreemptAsync() => cluster.RunAsync("sbatch", "--parsable", "--partition=urgent", "--cpus-per-task=2", "--output=/dev/null", "--wrap=sleep 300");
}
