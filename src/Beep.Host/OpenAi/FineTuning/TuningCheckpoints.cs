using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Runs.Metrics;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>The checkpoints that a job has kept, newest first, with the figures of their steps.</summary>
internal sealed class TuningCheckpoints(HostPaths paths, RunMetrics metrics)
{
    private static readonly (string Name, string[] Theirs)[] Figures =
    [
        ("loss", ["train_loss"]),
        ("evaluation_loss", ["valid_loss", "full_valid_loss"]),
        ("evaluation_accuracy", ["valid_mean_token_accuracy", "full_valid_mean_token_accuracy"]),
    ];

    public async Task<ListView<TuningCheckpointView>> ListAsync(Job job, string? after, int limit, CancellationToken cancellationToken)
    {
        var all = new JobFolder(paths.Job(job.Id)).ListCheckpoints().Reverse();
        if (after is not null)
        {
            var last = OpenAiIds.ReadCheckpoint(job.Id, after) ?? throw OpenAiRequests.Bad("invalid_value", "'after' is the id of no checkpoint of this job.", "after");
            all = all.Where(checkpoint => checkpoint.Step < last);
        }

        List<TuningCheckpointView> views = [];
        foreach (var (step, path) in all.Take(limit + 1))
        {
            views.Add(new TuningCheckpointView
            {
                Id = OpenAiIds.Checkpoint(job.Id, step),
                CreatedAt = new DateTimeOffset(Directory.GetLastWriteTimeUtc(path)).ToUnixTimeSeconds(),
                StepNumber = step,
                FineTunedModelCheckpoint = OpenAiIds.TunedCheckpoint(job.ModelName, job.Suffix, job.Id, step),
                FineTuningJobId = OpenAiIds.Job(job.Id),
                Metrics = await MetricsAsync(job.Id, step, cancellationToken),
            });
        }

        var page = views.Take(limit).ToList();
        return new ListView<TuningCheckpointView>(page, views.Count > limit) { FirstId = page.FirstOrDefault()?.Id, LastId = page.LastOrDefault()?.Id };
    }

    private async Task<JsonObject> MetricsAsync(string jobId, int step, CancellationToken cancellationToken)
    {
        var found = new JsonObject { ["step"] = step };
        var series = MetricSeries.All.Where(known => Figures.Any(figure => figure.Name == known.Name)).ToList();
        var view = await metrics.ReadAsync(jobId, new MetricsRequest(series, RunMetrics.LeastPoints, step, step), cancellationToken);
        foreach (var (name, theirs) in Figures)
        {
            if (view.Series.FirstOrDefault(known => known.Name == name) is { } one && one.Values.LastOrDefault(value => value is not null) is { } value)
            {
                foreach (var each in theirs)
                {
                    found[each] = value;
                }
            }
        }

        return found;
    }
}
