using System.Security.Claims;
using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Datasets;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Api;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Models;
using Beep.Host.OpenAi.Catalogue;
using Beep.Host.OpenAi.Files;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>Makes a job of ours of a fine-tune as it is asked for: what is left to us comes from a preset, and the rest overrides it.</summary>
internal sealed class TuningPlanner(JobDesk desk, FileCatalogue files, TunedModels models, TimeProvider time)
{
    private const string SmallPreset = "lora-small";
    private const string PreferencePreset = "dpo";
    private const int ShortContext = 512;

    // A file that was uploaded this moment is being checked; its rows must be known before a job is planned.
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public async Task<Job> CreateAsync(TuningRequest wanted, string? key, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        var model = await models.RequireAsync(wanted.Model, caller, actor, cancellationToken);
        var train = await CheckedAsync(wanted.TrainingFile, "training_file", caller, cancellationToken);
        var validation = wanted.ValidationFile is null ? null : await CheckedAsync(wanted.ValidationFile, "validation_file", caller, cancellationToken);
        var preset = PresetCatalog.Get(wanted.Method == TuningRequest.Preference ? PreferencePreset : model.ContextLength <= ShortContext ? SmallPreset : PresetCatalog.Default);
        var request = new NewJob
        {
            Name = wanted.Suffix,
            Model = model.Id,
            Dataset = train.Dataset.Id,
            DatasetVersion = train.Version.Number,
            ValidationDataset = validation?.Dataset.Id,
            ValidationVersion = validation?.Version.Number,
            Preset = preset.Name,
            Overrides = Overrides(wanted, preset, model),
            Suffix = wanted.Suffix,
            Metadata = wanted.Metadata is { Count: > 0 } ? wanted.Metadata : null,
        };
        try
        {
            return (await desk.CreateAsync(request, key, caller, actor, cancellationToken)).Job;
        }
        catch (HttpFaultException fault) when (fault.Status == StatusCodes.Status422UnprocessableEntity)
        {
            throw new HttpFaultException(StatusCodes.Status400BadRequest, [.. fault.Faults.Select(one => one with { Where = ParamOf(one.Where) })]);
        }
    }

    private static Dictionary<string, JsonElement> Overrides(TuningRequest wanted, Preset preset, Model model)
    {
        var overrides = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        // What is longer than the model can read is cut there, as it is at OpenAI; the events say how many rows were.
        Set("data.overlong", "truncate");
        if (model.ContextLength is { } context && preset.Tree["data"]?["max_length"]?.GetValue<int>() > context)
        {
            Set("data.max_length", context);
        }

        if (wanted.Method == TuningRequest.Preference && wanted.Figures.Beta is { } beta)
        {
            Set("dpo.beta", beta);
        }

        if (wanted.Seed is { } seed)
        {
            Set("train.seed", seed);
        }

        if (wanted.Figures.Epochs is { } epochs)
        {
            Set("train.num_epochs", epochs);
        }

        if (wanted.Figures.BatchSize is { } size)
        {
            // As many rows at a time as the preset takes, where that divides the batch.
            var most = preset.Tree["train"]!["per_device_batch_size"]!.GetValue<int>();
            var rows = Enumerable.Range(1, Math.Min(most, size)).Last(count => size % count == 0);
            Set("train.per_device_batch_size", rows);
            Set("train.gradient_accumulation_steps", size / rows);
        }

        if (wanted.Figures.LearningRateMultiplier is { } multiplier)
        {
            Set("train.learning_rate", LearningRateOf(preset) * multiplier);
        }

        return overrides;

        void Set<T>(string path, T value) => overrides[path] = JsonSerializer.SerializeToElement(value);
    }

    /// <summary>What a multiplier of 1 is.</summary>
    public static double LearningRateOf(Preset preset) => preset.Tree["train"]!["learning_rate"]!.GetValue<double>();

    private async Task<FoundVersion> CheckedAsync(string file, string param, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var found = await files.RequireAsync(file, param, caller, cancellationToken);
            switch (found.Version.State)
            {
                case DatasetState.Ready:
                    return found;
                case DatasetState.Checking when time.GetElapsedTime(began) < CheckPatience:
                    await Task.Delay(LookEvery, time, cancellationToken);
                    continue;
                case DatasetState.Checking:
                    throw HttpFaultException.Conflict("file_not_ready", $"The file '{file}' is still being checked.", "Try again when its status is processed.");
                default:
                    throw OpenAiRequests.Bad("invalid_file", $"The file '{file}' cannot be learned from: {FileCatalogue.View(found.Dataset, found.Version).StatusDetails}", param);
            }
        }
    }

    /// <summary>Where a fault of the planner is in the words of the request.</summary>
    private static string? ParamOf(string? field) => field switch
    {
        "model" => "model",
        null => null,
        _ when field.StartsWith("dataset", StringComparison.Ordinal) || field.StartsWith("data.train", StringComparison.Ordinal) => "training_file",
        _ when field.StartsWith("validation", StringComparison.Ordinal) || field.StartsWith("data.validation", StringComparison.Ordinal) => "validation_file",
        "task" or "method" or "backend" => "method.type",
        "dpo.beta" => "hyperparameters.beta",
        _ when field.StartsWith("placement", StringComparison.Ordinal) => "method.type",
        "train.num_epochs" => "hyperparameters.n_epochs",
        "train.learning_rate" => "hyperparameters.learning_rate_multiplier",
        "train.per_device_batch_size" or "train.gradient_accumulation_steps" => "hyperparameters.batch_size",
        _ => field,
    };
}
