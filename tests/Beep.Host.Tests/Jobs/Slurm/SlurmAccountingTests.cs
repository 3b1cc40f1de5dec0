using System.Text.Json.Nodes;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>What is learnt from a real accounting when the controller has forgotten the jobs.</summary>
[Collection(SlurmServer.Alone)]
public sealed class SlurmAccountingTests(PostgresServer postgres)
{
    // Does what the file says that comes, or ends as it is told without a word of its own.
    private const string Waiting = "echo start >> starts; while [ ! -e go ]; do if [ -e control/cancel ]; then exit 10; fi; sleep 0.1; done; . ./go";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_ThatEndedAndWereForgottenWhileNobodyWatched_HaveTheEndThatTheAccountingTells()
    {
        await using var cluster = TestCluster.CreateAccounted();
        using var folder = new TemporaryFolder();
        await using var server = await SlurmServer.StartAsync(cluster, postgres, Waiting, options => options with { CommandFolder = SlurmServer.CommandsOf(folder, isBroken: false) });
        Dictionary<string, string> ids = [];
        foreach (var (name, partition) in new[] { ("good", "main"), ("bad", "main"), ("late", "main"), ("stopped", "main"), ("ended", "ended"), ("back", "spare") })
        {
            ids[name] = await server.StartJobAsync(new JsonObject { ["partition"] = partition, ["cpus_per_task"] = 1, ["minutes"] = 30 });
            await server.UntilAsync(ids[name], job => job["cluster"]?["state"] is not null);
        }

        foreach (var name in new[] { "good", "bad", "ended", "back" })
        {
            await UntilRunningAsync(cluster, server, ids[name]);
        }

        folder.Write("broken", "");
        await GoAsync(server, ids["good"], FakeWorker.WriteExit("succeeded", 0));
        await GoAsync(server, ids["bad"], "echo 'no such thing' >&2; exit 3");
        await cluster.RunAsync("sbatch", "--parsable", "--partition=urgent", "--cpus-per-task=2", "--output=/dev/null", "--wrap=sleep 1");
        await UntilRunningAsync(cluster, server, ids["late"]);
        // Its "now" is refused by a controller that has come to the next second meanwhile.
        await SlurmServer.UntilAsync(() => cluster.TryAsync("scontrol", "update", $"JobId={server.Number(ids["late"])}", "EndTime=now"), "its time cannot be ended");
        await UntilRunningAsync(cluster, server, ids["stopped"]);
        await cluster.RunAsync("scancel", $"{server.Number(ids["stopped"])}");
        // Back in the queue, or begun again since.
        await SlurmServer.UntilAsync(async () => await StateAsync(cluster, server, ids["back"]) == "PENDING" || Starts(server, ids["back"]) > 1, "it is not put back");
        await GoAsync(server, ids["back"], FakeWorker.WriteExit("succeeded", 0));
        await SlurmServer.UntilAsync(async () => (await cluster.RunAsync("squeue", "--noheader")).Length == 0, "jobs run");
        // The controller tells the accounting when it gets round to it.
        var numbers = string.Join(',', ids.Values.Select(id => server.Number(id)));
        await SlurmServer.UntilAsync(async () => (await cluster.RunAsync("sacct", "--noheader", "--parsable2", "--allocations", $"--jobs={numbers}", "--format=End")).Split('\n') is var ends && ends.Length == ids.Count && ends.All(end => end.StartsWith("20", StringComparison.Ordinal)), "the accounting does not know the ends");
        await Task.Delay(TestCluster.Memory + TimeSpan.FromSeconds(1), Token);
        await cluster.RestartControllerAsync();
        await SlurmServer.UntilAsync(async () => (await cluster.RunAsync("squeue", "--noheader", "--states=all")).Length == 0, "ended jobs are known");
        Assert.Equal(2, Starts(server, ids["back"]));
        File.Delete(folder.At("broken"));

        foreach (var (name, state, code) in new[] { ("good", "succeeded", null), ("back", "succeeded", null), ("late", "failed", "time_limit"), ("stopped", "failed", "cancelled_on_cluster"), ("ended", "failed", "preempted"), ("bad", "failed", "worker_died") })
        {
            var job = await server.UntilStateAsync(ids[name], "succeeded", "failed", "cancelled");
            Assert.True((state, code) == ((string?)job["state"], (string?)job["error"]?["code"]), $"{name}: {job.ToJsonString()}");
        }

        Assert.StartsWith("The worker ended with exit code 3 without saying why.", (string?)(await server.GetAsync(ids["bad"]))["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal($"The Slurm job {server.Number(ids["stopped"])} was cancelled on the cluster by the user 0, not here. There is no checkpoint yet.", (string?)(await server.GetAsync(ids["stopped"]))["error"]!["message"]);
    }

    private static Task GoAsync(JobServer server, string id, string script)
    {
        var file = Path.Combine(server.Folder(id).Root, "go");
        File.WriteAllText(file + ".part", script);
        File.Move(file + ".part", file);
        return Task.CompletedTask;
    }

    private static Task UntilRunningAsync(TestCluster cluster, JobServer server, string id) =>
        SlurmServer.UntilAsync(async () => await StateAsync(cluster, server, id) == "RUNNING" && Starts(server, id) > 0, "it does not run");

    private static Task<string> StateAsync(TestCluster cluster, JobServer server, string id) => cluster.RunAsync("squeue", "--noheader", "--states=all", $"--jobs={server.Number(id)}", "--format=%T");

    private static int Starts(JobServer server, string id)
    {
        var file = Path.Combine(server.Folder(id).Root, "starts");
        return File.Exists(file) ? File.ReadAllLines(file).Length : 0;
    }
}
