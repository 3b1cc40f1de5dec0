using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Beep.EndToEnd.Tests.Support;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Jobs.Runs;
using Beep.Host.Tests.Support;

namespace Beep.EndToEnd.Tests;

/// <summary>A real run in a server's home: its figures, its merge, and its archive, whose adapter answers as the merged model does.</summary>
public sealed class RunArtifactsTests(PostgresServer postgres) : IDisposable
{
    private readonly SmallJob _small = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_Trained_IsReadMergedAndTakenAway()
    {
        await using var home = await RunHome.StartAsync(postgres);
        var (job, folder) = await home.AddAsync(JobState.Succeeded);
        string[] arguments = [.. _small.Train(60, "job", "--set", "train.learning_rate=5e-3")];
        arguments[Array.IndexOf(arguments, "--out") + 1] = folder.Root;
        var trained = await BeepProgram.RunAsync(arguments);
        Assert.True(trained.ExitCode == 0, trained.Error);

        var path = $"/api/v1/finetune/jobs/{job.Id}";
        var metrics = await home.GetAsync($"{path}/metrics?series=loss,evaluation_loss");
        Assert.Equal((60, true), (metrics.GetProperty("series")[0].GetProperty("steps").GetArrayLength(), metrics.GetProperty("series")[1].GetProperty("count").GetInt32() >= 2));
        Assert.Equal(61, (await home.Admin.GetStringAsync($"{path}/results.csv", Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => !line.StartsWith("0,", StringComparison.Ordinal)));

        var export = await home.Admin.PostAsJsonAsync($"{path}/exports", new { kind = "merged" }, Token);
        Assert.Equal(HttpStatusCode.Accepted, export.StatusCode);
        var task = await EndOfAsync(home, export.Headers.Location!.ToString());
        Assert.True(task.GetProperty("status").GetString() == "completed", task.GetRawText());
        Assert.Equal(HttpStatusCode.Created, (await home.Admin.PostAsync($"{path}/artifacts/merged/register", JsonContent.Create(new { name = "tests/merged" }), Token)).StatusCode);

        var archive = _small.At("archive");
        await using (var zip = new ZipArchive(await home.Admin.GetStreamAsync($"{path}/archive", Token)))
        {
            await zip.ExtractToDirectoryAsync(archive, Token);
        }

        string[] ask = ["--prompt", "Count 7 is", "--raw", "--max-new-tokens", "12"];
        var adapter = await BeepProgram.RunAsync(["generate", "--model", SmallJob.Model, "--adapter", Path.Combine(archive, "artifacts", "adapter"), .. ask]);
        var merged = await BeepProgram.RunAsync(["generate", "--model", folder.Merged, .. ask]);
        Assert.Equal((0, ""), (adapter.ExitCode, adapter.Error));
        Assert.Equal(adapter.Output, merged.Output);
    }

    public void Dispose() => _small.Dispose();

    private static async Task<JsonElement> EndOfAsync(RunHome home, string address)
    {
        for (var tries = 0; tries < 1200; tries++)
        {
            var task = await home.GetAsync(address);
            if (task.GetProperty("status").GetString() is "completed" or "failed" or "cancelled")
            {
                return task;
            }

            await Task.Delay(100, Token);
        }

        throw new TimeoutException("The merge did not end.");
    }
}
