using System.Text.Json.Nodes;
using Beep.Host.Tasks;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Tests.Jobs.Slurm;

/// <summary>Several servers on one PostgreSQL and one home, with one cluster.</summary>
[Collection(SlurmServer.Alone)]
public sealed class SlurmHostsTests(TestCluster cluster, PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_OfTwoServers_AreSubmittedOnceAndWatchedByOneAndThenByTheOther()
    {
        var script = $"echo start >> starts; {FakeWorker.WriteEvent(1, SlurmServer.Started)} while [ ! -e go ]; do sleep 0.1; done; {FakeWorker.WriteExit("succeeded", 0)}";
        await using var first = await SlurmServer.StartAsync(cluster, postgres, script, kind: TestDatabase.Postgres);
        await using var second = await first.Server.StartTwinAsync();
        List<string> ids = [];
        for (var count = 0; count < 6; count++)
        {
            ids.Add(await first.StartJobAsync(new JsonObject { ["cpus_per_task"] = 1, ["partition"] = "wide" }));
            if (count == 0)
            {
                // Before there are more than fit: it is the one that is seen to run for certain.
                await SlurmServer.UntilAsync(async () => (await first.NotesAsync(ids[0])).Any(note => note.Contains(" runs on ", StringComparison.Ordinal)), "The first one does not run.");
            }
        }

        foreach (var id in ids)
        {
            await first.UntilAsync(id, job => job["cluster"]?["state"] is not null);
        }

        var runners = new[] { RunnerOf(first.Server), RunnerOf(second) };
        foreach (var id in ids)
        {
            Assert.Contains((await TaskAsync(first, id)).HostId, runners.Select(runner => runner.HostId));
        }

        // What one watched that ends, the other one watches.
        await runners[0].StopAsync(Token);
        foreach (var id in ids)
        {
            await File.WriteAllTextAsync(Path.Combine(first.Folder(id).Root, "go"), "", Token);
        }

        foreach (var id in ids)
        {
            var job = await first.UntilStateAsync(id, "succeeded", "failed", "cancelled");
            Assert.True((string?)job["state"] == "succeeded", job.ToJsonString());
            Assert.Single(await cluster.JobsAsync(first.NameOf(id)));
            Assert.Single(await File.ReadAllLinesAsync(Path.Combine(first.Folder(id).Root, "starts"), Token));
            var notes = await first.NotesAsync(id);
            Assert.Single(notes, $"Slurm job {first.Number(id)} is submitted.");
            // One that runs between two looks is never seen to run.
            Assert.InRange(notes.Count(note => note.StartsWith($"Slurm job {first.Number(id)} runs on ", StringComparison.Ordinal)), id == ids[0] ? 1 : 0, 1);
            var task = await TaskAsync(first, id);
            Assert.Equal((TaskState.Completed, 1), (task.Status, task.Attempts));
        }
    }

    private static TaskRunner RunnerOf(RunningServer server) => server.Services.GetServices<IHostedService>().OfType<TaskRunner>().Single();

    private static async Task<TaskRow> TaskAsync(JobServer server, string id) => (await server.Get<TaskReader>().FindAsync((string)(await server.GetAsync(id))["task_id"]!, Token))!;
}
