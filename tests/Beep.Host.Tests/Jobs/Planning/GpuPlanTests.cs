using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Hosting.Gpus;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Jobs.Support;
using Beep.Host.Tests.Serving;
using Beep.Host.Tests.Support;
using Beep.Tests;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Beep.Host.Tests.Jobs.Planning;

/// <summary>Plans of jobs on GPUs, whose maker's tool is a program that prints what the real one does.</summary>
public sealed class GpuPlanTests(PostgresServer postgres) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plan_JobOnAGpu_IsMeasuredAgainstItsMemory()
    {
        Assert.SkipUnless(FakeWorker.HasShell, FakeWorker.NeedsShell);
        await using var server = await StartAsync("0, Small Card, 0, 100, 200\n1, Large Card, 3, 1000, 81920\n");
        var any = await PlanAsync(server, new JsonObject { ["gpus"] = 1 });
        Assert.Equal(("Large Card", 81920L << 20, 80920L << 20), ((string)any["memory"]!["device"]!, (long)any["memory"]!["device_bytes"]!, (long)any["memory"]!["free_bytes"]!));
        Assert.True((bool)any["can_start"]!, any.ToString());
        // How fast a card is on which nothing has run, nobody knows.
        Assert.Null(any["work"]!["seconds"]);

        var small = await PlanAsync(server, new JsonObject { ["devices"] = new JsonArray(0) });
        var problem = small["problems"]!.AsArray().Single(found => (string)found!["code"]! == "out_of_memory")!;
        Assert.Contains("GPU 0 (Small Card) has", (string)problem["message"]!, StringComparison.Ordinal);
        Assert.Equal([0], small["placement"]!["devices"]!.AsArray().Select(device => (int)device!));
    }

    [Fact]
    public async Task Plan_AfterRunsThatTookMore_IsCorrectedByThem()
    {
        await using var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0);
        var before = (await PlanAsync(server, null))["memory"]!;
        Assert.Equal((0, (long)before["total_bytes"]!), ((int)before["past_runs"]!, (long)before["estimated_bytes"]!));
        for (var run = 0; run < 3; run++)
        {
            var id = (string)(await server.CreateAsync(server.Wanted()))["id"]!;
            await using var context = server.Get<FineTuneDatabase>().CreateContext();
            var job = await context.Set<Job>().SingleAsync(row => row.Id == id, Token);
            (job.State, job.Summary) = (JobState.Succeeded, new JsonObject { ["steps"] = 6, ["seconds"] = 2.0, ["peak_memory_bytes"] = (long)before["estimated_bytes"]! * 3 / 2 }.ToJsonString());
            await context.SaveChangesAsync(Token);
        }

        var after = (await PlanAsync(server, null))["memory"]!;
        Assert.Equal(3, (int)after["past_runs"]!);
        Assert.Equal((long)before["estimated_bytes"]!, (long)after["estimated_bytes"]!);
        Assert.InRange((double)(long)after["total_bytes"]! / (long)before["total_bytes"]!, 1.49, 1.51);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<JobServer> StartAsync(string lines)
    {
        var listing = _folder.Write("gpus.csv", lines);
        var server = await JobServer.StartAsync(TestDatabase.Sqlite, postgres, slots: 0, services =>
        {
            services.AddSingleton(RunningServer.Tasks with { CpuSlots = 1, Gpus = [0, 1] });
            services.AddSingleton(new GpuMonitor(TimeProvider.System, [new Listing(listing)]) { Patience = TimeSpan.FromMinutes(2) });
        });
        using var made = await server.Admin.PutAsJsonAsync("/api/v1/finetune/backends/own", new JsonObject { ["definition"] = new JsonObject { ["program"] = "/bin/sh" } }, Token);
        made.EnsureSuccessStatusCode();
        return server;
    }

    private static async Task<JsonObject> PlanAsync(JobServer server, JsonObject? placement)
    {
        var wanted = server.Wanted();
        if (placement is not null)
        {
            wanted["overrides"]!["backend"] = "custom";
            placement["custom_backend"] = "own";
            wanted["placement"] = placement;
        }

        using var answer = await server.Admin.PostAsJsonAsync($"{JobServer.Jobs}/plan", wanted, Token);
        return (await answer.Content.ReadFromJsonAsync<JsonObject>(Token))!;
    }

    private sealed class Listing(string path) : IGpuTool
    {
        public string Program => "/bin/cat";

        public IReadOnlyList<string> Arguments => [path];

        public IReadOnlyList<GpuReading> Parse(string output) => new NvidiaTool().Parse(output);
    }
}
