using System.Text.Json.Nodes;
using Beep.Host.Data;
using Beep.Host.Datasets;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>Describes jobs as OpenAI's clients know theirs.</summary>
internal sealed class TuningDescriber(FineTuneDatabase database)
{
    public async Task<TuningJobView> DescribeAsync(Job job, CancellationToken cancellationToken) => (await DescribeAsync([job], cancellationToken))[0];

    public async Task<IReadOnlyList<TuningJobView>> DescribeAsync(IReadOnlyList<Job> jobs, CancellationToken cancellationToken)
    {
        var seqs = jobs.SelectMany(job => new[] { job.DatasetVersionSeq, job.ValidationVersionSeq ?? 0 }).Where(seq => seq > 0).Distinct().ToList();
        await using var context = database.CreateContext();
        var files = await (
            from version in context.Set<DatasetVersion>().AsNoTracking()
            join dataset in context.Set<Dataset>().AsNoTracking() on version.DatasetSeq equals dataset.Seq
            where seqs.Contains(version.Seq)
            select new { version.Seq, dataset.Id, version.Number }).ToDictionaryAsync(row => row.Seq, row => new FileId(row.Id, row.Number).ToString(), cancellationToken);
        var paused = await PauseMarks.FindAsync(context, jobs, cancellationToken);
        return [.. jobs.Select(job => View(job, files, paused.Contains(job.Seq)))];
    }

    private static TuningJobView View(Job job, Dictionary<long, string> files, bool isPaused)
    {
        var spec = JsonNode.Parse(job.Spec)!;
        var type = (string?)spec["task"] == TuningRequest.Preference ? TuningRequest.Preference : TuningRequest.Supervised;
        var figures = Figures(job, spec, type);
        var hasSucceeded = job.State == JobState.Succeeded;
        return new TuningJobView
        {
            Id = OpenAiIds.Job(job.Id),
            CreatedAt = job.CreatedAt.ToUnixTimeSeconds(),
            Error = job.State == JobState.Failed ? new TuningErrorView(job.ErrorCode ?? "failed", $"{job.Error} {job.ErrorRemedy}".Trim()) : null,
            FineTunedModel = hasSucceeded ? OpenAiIds.Tuned(job.ModelName, job.Suffix, job.Id) : null,
            FinishedAt = job.State.IsEnd() && !isPaused ? job.FinishedAt?.ToUnixTimeSeconds() : null,
            Hyperparameters = figures,
            Model = job.ModelName,
            ResultFiles = hasSucceeded ? [new FileId(job.Id, 0).ToString()] : [],
            Seed = (int)Math.Clamp(spec["train"]?["seed"]?.GetValue<long>() ?? 0, 0, int.MaxValue),
            Status = StatusOf(job.State, isPaused),
            TrainedTokens = job.State.IsEnd() && !isPaused && job.TrainedTokens > 0 ? job.TrainedTokens : null,
            TrainingFile = files.GetValueOrDefault(job.DatasetVersionSeq) ?? "",
            ValidationFile = job.ValidationVersionSeq is { } seq ? files.GetValueOrDefault(seq) : null,
            Method = new JsonObject { ["type"] = type, [type] = new JsonObject { ["hyperparameters"] = figures.DeepClone() } },
            Metadata = job.Metadata is null ? null : JsonNode.Parse(job.Metadata),
            UserProvidedSuffix = job.Suffix,
        };
    }

    /// <summary>A pause is asked for, and so it is said at once; the run has stopped when its checkpoint is saved.</summary>
    private static string StatusOf(JobState state, bool isPaused) => state switch
    {
        JobState.Draft or JobState.Validating => "validating_files",
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Cancelling => isPaused ? "paused" : "running",
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        JobState.Cancelled => isPaused ? "paused" : "cancelled",
    };

    private static JsonObject Figures(Job job, JsonNode spec, string type)
    {
        var train = spec["train"];
        var usual = TuningPlanner.LearningRateOf(PresetCatalog.Get(job.Preset is { } preset && PresetCatalog.Names.Contains(preset) ? preset : PresetCatalog.Default));
        var figures = new JsonObject
        {
            ["n_epochs"] = (int)Math.Max(1, Math.Ceiling(train?["num_epochs"]?.GetValue<double>() ?? 1)),
            ["batch_size"] = (train?["per_device_batch_size"]?.GetValue<int>() ?? 1) * (train?["gradient_accumulation_steps"]?.GetValue<int>() ?? 1),
            ["learning_rate_multiplier"] = Math.Round((train?["learning_rate"]?.GetValue<double>() ?? usual) / usual, 6),
        };
        if (type == TuningRequest.Preference)
        {
            figures["beta"] = spec["dpo"]?["beta"]?.GetValue<double>() ?? 0.1;
        }

        return figures;
    }
}
