using System.Globalization;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Executors.Slurm;
using Beep.Host.Jobs.Placing;
using Beep.Host.Tasks;
using Beep.Host.Tests.Support;
using Beep.Tests;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>Jobs on a real Slurm, with a worker that does what the case wants.</summary>
[Collection(SlurmServer.Alone)]
public sealed class SlurmRunTests(TestCluster cluster, PostgresServer postgres)
{
    private const string Metric = "\"type\":\"metric\",\"step\":4,\"epoch\":1,\"loss\":0.5,\"learning_rate\":0.1,\"grad_norm\":1,\"tokens\":10,\"tokens_per_second\":5";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ToItsEnd_HasTheAllowedEnvironmentAndTellsItsSteps()
    {
        Environment.SetEnvironmentVariable("WAREHOUSE_PASSWORD", "not for workers");
        await using var server = await SlurmServer.StartAsync(cluster, postgres, $"env > seen; umask > mask; echo said; {FakeWorker.WriteEvent(1, SlurmServer.Started)} {FakeWorker.WriteEvent(2, Metric)} while [ ! -e go ]; do sleep 0.1; done; {FakeWorker.WriteExit("succeeded", 0)}");
        var id = await server.StartJobAsync(new JsonObject { ["minutes"] = 5, ["cpus_per_task"] = 2 });
        // One that ends between two looks is never seen to run.
        await server.UntilStartedAsync(id);
        await File.WriteAllTextAsync(Path.Combine(server.Folder(id).Root, "go"), "", Token);
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

    [Fact]
    public async Task Run_ThatDoesNotFit_SaysWhatItWaitsForAndIsCancelledAtOnce()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, SlurmServer.Patient);
        var first = await server.StartJobAsync(new JsonObject { ["cpus_per_task"] = 2 });
        await server.UntilStartedAsync(first);
        var second = await server.StartJobAsync(new JsonObject { ["cpus_per_task"] = 2 });
        var waiting = await server.UntilAsync(second, job => job["queue"]?["reason"]?.ToString().Contains("Resources", StringComparison.Ordinal) == true);
        Assert.Equal(("running", "PENDING", "Waiting on Slurm: Resources (what it asks for is in use)."), ((string?)waiting["state"], (string?)waiting["cluster"]!["state"], (string?)waiting["queue"]!["reason"]));
        // The job is read from what the cluster said, and the task is told of it right after.
        const string message = "Waiting on Slurm: Resources (what it asks for is in use)";
        TaskRow task = null!;
        await SlurmServer.UntilAsync(async () => (task = (await server.Get<TaskReader>().FindAsync((string)waiting["task_id"]!, Token))!).Message == message, $"The task does not say: {message}");
        Assert.Equal(("Wait for the cluster", TaskStep.Running), TaskView.Of(task).Steps.Select(step => (step.Name, step.Status)).Single());
        Assert.Equal("Waiting on Slurm: Resources (what it asks for is in use).", (string?)(await server.ListAsync()).Single(job => (string?)job!["id"] == second)!["queue"]!["reason"]);

        (await server.PostAsync(second, "cancel")).EnsureSuccessStatusCode();
        var cancelled = await server.UntilStateAsync(second, "cancelled", "failed");
        Assert.Equal(("cancelled", 0.0), ((string?)cancelled["state"], (double)cancelled["device_seconds"]!));
        Assert.Contains("CANCELLED", Assert.Single(await cluster.JobsAsync(server.NameOf(second))), StringComparison.Ordinal);

        // The one that runs is asked, and says itself how it ended.
        (await server.PostAsync(first, "cancel")).EnsureSuccessStatusCode();
        Assert.Equal("cancelled", (string?)(await server.UntilStateAsync(first, "cancelled", "failed"))["state"]);
        Assert.Equal(JobStatus.Cancelled, JobExit.Read(server.Folder(first))!.Status);
        Assert.Contains("resume", (await server.GetAsync(first))["actions"]!.AsArray().Select(action => (string?)action));
    }

    [Fact]
    public async Task Run_CancelledOnTheCluster_FailsSayingSoAndKeepsItsCheckpoint()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, SlurmServer.Patient);
        var id = await server.StartJobAsync();
        await server.UntilStartedAsync(id);
        await cluster.RunAsync("scancel", $"{server.Number(id)}");
        var job = await server.UntilStateAsync(id, "failed", "cancelled");
        Assert.Equal(("failed", "cancelled_on_cluster"), ((string?)job["state"], (string?)job["error"]!["code"]));
        Assert.Equal($"The Slurm job {server.Number(id)} was cancelled on the cluster, not here. The checkpoint of step 2 is saved.", (string?)job["error"]!["message"]);
        // Asked by the file: a second signal would have ended it before it could write.
        Assert.Equal(JobStatus.Cancelled, JobExit.Read(server.Folder(id))!.Status);
    }

    [Fact]
    public async Task Run_ThatReachesItsTime_SavesACheckpointAndSaysSo()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, SlurmServer.Patient);
        var id = await server.StartJobAsync(new JsonObject { ["minutes"] = 1 });
        var job = await server.UntilStateAsync(id, "failed", "cancelled");
        Assert.Equal(("failed", "time_limit"), ((string?)job["state"], (string?)job["error"]!["code"]));
        Assert.Equal($"The Slurm job {server.Number(id)} reached its time limit of 1 minute on the cluster. The checkpoint of step 2 is saved.", (string?)job["error"]!["message"]);
        Assert.Equal(JobStatus.Cancelled, JobExit.Read(server.Folder(id))!.Status);
    }

    [Fact]
    public async Task Run_PutBack_BeginsAgainAndForgetsTheFormerEnd()
    {
        var script = $"""echo start >> starts; if [ "$(wc -l < starts)" -eq 1 ]; then {SlurmServer.Patient}; fi; [ ! -e exit.json ] && [ ! -e control/cancel ] && echo clean > fresh; {FakeWorker.WriteEvent(2, Metric)} {FakeWorker.WriteExit("succeeded", 0)}""";
        await using var server = await SlurmServer.StartAsync(cluster, postgres, script);
        var id = await server.StartJobAsync();
        await server.UntilStartedAsync(id);
        // Held, and then not to begin for long, so that it is seen to wait however long a look takes.
        var number = $"{server.Number(id)}";
        await cluster.RunAsync("scontrol", "requeuehold", number);
        await cluster.RunAsync("scontrol", "update", $"JobId={number}", "StartTime=now+1hour");
        await cluster.RunAsync("scontrol", "release", number);
        await server.UntilAsync(id, job => job["cluster"]?["waiting"]?.ToString().Contains("BeginTime", StringComparison.Ordinal) == true);
        // Not before the node takes the same job again.
        await cluster.RunAsync("scontrol", "update", $"JobId={number}", "StartTime=now+7");
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        Assert.Equal(["clean"], await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "fresh"), Token));
        Assert.Equal(2, (await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "starts"), Token)).Length);
        Assert.Contains($"The cluster put the Slurm job {server.Number(id)} back into its queue; it goes on from its last checkpoint.", await server.NotesAsync(id));
        Assert.Single(await cluster.JobsAsync(server.NameOf(id)));
    }

    [Fact]
    public async Task Run_OnANodeThatCrashes_BeginsAgainWhenItIsBack()
    {
        var script = $"""echo start >> starts; if [ "$(wc -l < starts)" -eq 1 ]; then {SlurmServer.Patient}; fi; {FakeWorker.WriteExit("succeeded", 0)}""";
        await using var server = await SlurmServer.StartAsync(cluster, postgres, script);
        var id = await server.StartJobAsync();
        await server.UntilStartedAsync(id);
        await cluster.KillNodeAsync("n1", withJobs: true);
        await cluster.StartNodeAsync("n1");
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        Assert.Equal(2, (await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "starts"), Token)).Length);
    }

    [Fact]
    public async Task Run_WhoseNodeDaemonIsKilled_GoesOnUndisturbed()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, $"echo start >> starts; {FakeWorker.WriteEvent(1, SlurmServer.Started)} while [ ! -e go ]; do sleep 0.1; done; {FakeWorker.WriteExit("succeeded", 0)}");
        var id = await server.StartJobAsync();
        await server.UntilStartedAsync(id);
        await cluster.KillNodeAsync("n1", withJobs: false);
        await cluster.StartNodeAsync("n1");
        await File.WriteAllTextAsync(Path.Combine(server.Folder(id).Root, "go"), "", Token);
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(server.Folder(id).Root, "starts"), Token));
    }

    [Fact]
    public async Task Run_ThatFloodsItsOutputAndLeavesAnOrphan_IsCappedAndCleanedUp()
    {
        var script = $"setsid sleep 600 & echo $! > orphan; {FakeWorker.WriteEvent(1, SlurmServer.Started)} head -c 150000000 /dev/zero | tr '\\0' x; echo; echo last; {FakeWorker.WriteExit("succeeded", 0)}";
        await using var server = await SlurmServer.StartAsync(cluster, postgres, script);
        var id = await server.StartJobAsync();
        var job = await server.UntilStateAsync(id, "succeeded", "failed", "cancelled");
        Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
        var folder = server.Folder(id);
        Assert.InRange(new FileInfo(folder.Output).Length, 64 << 20, 66 << 20);
        Assert.EndsWith("(output beyond 67108864 bytes is left out)\n", await File.ReadAllTextAsync(folder.Output, Token), StringComparison.Ordinal);
        Assert.NotEqual(false, ProcessTable.Read(int.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Root, "orphan"), Token), CultureInfo.InvariantCulture))?.IsEnded);
    }

    [Fact]
    public async Task Run_WhatSlurmRefuses_FailsWithItsWords()
    {
        await using var server = await SlurmServer.StartAsync(cluster, postgres, "exit 1", options => options with { Extra = ["--constraint=unobtainium"] });
        var job = await server.UntilStateAsync(await server.StartJobAsync(), "failed", "succeeded");
        Assert.Equal("cluster_refused", (string?)job["error"]!["code"]);
        Assert.Contains("Invalid feature specification", (string?)job["error"]!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OnTwoNodes_MeetsAtTheFirst()
    {
        await cluster.ReadyAsync();
        using var home = new TemporaryFolder();
        var folder = new JobFolder(home.At("it's two"));
        Directory.CreateDirectory(folder.Control);
        // What torchrun is called with, said by a program of that name on every node.
        var python = home.WriteProgram("python", "printf '%s\\n' \"$SLURM_NODEID $*\" > \"$PWD/node-$SLURM_NODEID\"");
        var command = new WorkerCommand(python, ["-I", "-m", "beep_trainer", "train", folder.Root]) { InterpreterArguments = 1 };
        var script = home.Write("it's two/slurm.sh", SlurmScript.Write(folder, "mark", command, nodes: 2, gpus: 0));
        await File.WriteAllTextAsync(Path.Combine(folder.Control, SlurmScript.TurnName), "mark", Token);
        var number = await cluster.RunAsync("sbatch", "--parsable", "--wait", "--partition=wide", "--nodes=2", "--ntasks-per-node=1", $"--chdir={folder.Root}", "--output=/dev/null", script);
        number = number.Split('\n')[0];
        var port = 20000 + (int.Parse(number, CultureInfo.InvariantCulture) % 20000);
        foreach (var node in new[] { 0, 1 })
        {
            Assert.Equal(
                $"{node} -I -m beep_trainer.machine.torchrun --nnodes=2 --nproc-per-node=1 --rdzv-backend=c10d --rdzv-endpoint=n1:{port} --rdzv-id={number} -m beep_trainer train {folder.Root}\n",
                await File.ReadAllTextAsync(Path.Combine(folder.Root, $"node-{node}"), Token));
        }
    }

    [Fact]
    public async Task Script_OfASubmissionThatWasReplaced_DoesNothing()
    {
        await cluster.ReadyAsync();
        using var home = new TemporaryFolder();
        var folder = new JobFolder(home.At("job"));
        Directory.CreateDirectory(folder.Control);
        var script = home.Write("job/slurm.sh", SlurmScript.Write(folder, "old", new WorkerCommand("/bin/touch", [Path.Combine(folder.Root, "ran")]), 1, 0));
        await File.WriteAllTextAsync(Path.Combine(folder.Control, SlurmScript.TurnName), "new", Token);
        await cluster.RunAsync("sbatch", "--wait", $"--chdir={folder.Root}", "--output=/dev/null", script);
        Assert.False(File.Exists(Path.Combine(folder.Root, "ran")));
        Assert.Contains("was replaced by another one", await File.ReadAllTextAsync(folder.Output, Token), StringComparison.Ordinal);
    }
}
