using System.Net;
using Beep.Contracts;
using Beep.Host.Jobs.Runs.Compare;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tests.Support;
using static Beep.Host.Tests.Jobs.Runs.RunHome;

namespace Beep.Host.Tests.Jobs.Runs;

public sealed class RunComparisonTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Compare_ThreeRuns_ShowsWhatDiffersAndTheBest()
    {
        await using var home = await StartAsync(postgres);
        var ids = new List<string>();
        var spec = new JobSpec { JobId = "a", Model = new ModelSpec { Path = "/some/where" }, Data = new DataSpec { Train = home.Paths.DatasetVersion("d", 1) } };
        foreach (var (rate, loss) in new[] { (1e-4, 2.0), (2e-4, 1.0), (3e-4, 1.5) })
        {
            var (job, folder) = await home.AddAsync(JobState.Succeeded, $"rate {rate}", spec with { JobId = $"{rate}", Train = new TrainSpec { LearningRate = rate }, Lora = new LoraSpec { R = rate > 2e-4 ? 8 : 16 } });
            await File.WriteAllTextAsync(folder.Events, Started(1) + Evaluation(2, 0, 6) + Metric(3, 1, 3) + Evaluation(4, 1, loss / 2) + Metric(5, 2, 2) + Evaluation(6, 2, loss), Token);
            ids.Add(job.Id);
        }

        var view = await home.GetAsync($"/api/v1/finetune/jobs/compare?ids={string.Join(',', ids)}");
        Assert.Equal(
            ["lora.r 16 16 8", "train.learning_rate 0.0001 0.0002 0.0003"],
            view.GetProperty("differences").EnumerateArray().Select(one => $"{one.GetProperty("path").GetString()} {string.Join(' ', one.GetProperty("values").EnumerateArray().Select(value => value.GetString()))}"));
        Assert.Equal(ids[1], view.GetProperty("best").GetString());
        var second = view.GetProperty("runs")[1];
        Assert.Equal((2, 20, 2.0, 1.0, 0.5, 1, 300.0), (second.GetProperty("steps").GetInt32(), second.GetProperty("tokens").GetInt32(), second.GetProperty("train_loss").GetDouble(),
            second.GetProperty("evaluation_loss").GetDouble(), second.GetProperty("best_evaluation_loss").GetDouble(), second.GetProperty("best_step").GetInt32(), second.GetProperty("seconds").GetDouble()));
    }

    [Fact]
    public async Task Compare_BadLists_AreRefused()
    {
        await using var home = await StartAsync(postgres);
        var (job, _) = await home.AddAsync();
        foreach (var ids in new[] { "", ",", $"{job.Id},{job.Id}", string.Join(',', Enumerable.Range(0, 9).Select(i => $"{i:x16}")) })
        {
            await AssertFaultAsync(HttpStatusCode.UnprocessableEntity, "bad_ids", await home.Admin.GetAsync($"/api/v1/finetune/jobs/compare?ids={ids}", Token));
        }

        await AssertFaultAsync(HttpStatusCode.NotFound, "job_not_found", await home.Admin.GetAsync($"/api/v1/finetune/jobs/compare?ids={job.Id},0123456789abcdef", Token));
    }

    [Fact]
    public void Differences_WhereARunHasNoSpecYet_AreOfTheOthers() =>
        Assert.Equal([(string?)"1", null, "2"], RunComparison.Differences([new() { Train = new() { Seed = 1 } }, null, new() { Train = new() { Seed = 2 } }]).Single().Values);
}
