using System.Globalization;

namespace Beep.Contracts;

/// <summary>The bounds of a spec's fields. What depends on the model or the data is checked where those are read.</summary>
public static class SpecValidator
{
    private const int MaxNameLength = 64;

    /// <summary>Every fault of the spec; empty when it is sound.</summary>
    public static IReadOnlyList<Fault> Validate(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var faults = new List<Fault>();
        CheckName(spec.JobId, faults);
        Require(spec.Model.Path, "model.path", "Name a folder in Hugging Face layout.", faults);
        Require(spec.Data.Train, "data.train", "Name a .jsonl, .json, .csv or .txt file.", faults);
        CheckPath(spec.Model.Path, "model.path", faults);
        CheckPath(spec.Data.Train, "data.train", faults);
        CheckPath(spec.Data.Validation, "data.validation", faults);
        CheckPath(spec.Adapter, "adapter", faults);

        var (data, lora, train, limits) = (spec.Data, spec.Lora, spec.Train, spec.Limits);
        Between(data.MaxLength, 2, 1 << 20, "data.max_length", faults);
        Between(lora.R, 1, 1024, "lora.r", faults);
        Between(lora.Alpha, double.Epsilon, 65536, "lora.alpha", faults);
        Between(lora.Dropout, 0, 0.95, "lora.dropout", faults);
        Between(train.NumEpochs, double.Epsilon, 10_000, "train.num_epochs", faults);
        Between(train.MaxSteps, 1, 100_000_000, "train.max_steps", faults);
        Between(train.PerDeviceBatchSize, 1, 4096, "train.per_device_batch_size", faults);
        Between(train.GradientAccumulationSteps, 1, 65536, "train.gradient_accumulation_steps", faults);
        Between(train.LearningRate, double.Epsilon, 10, "train.learning_rate", faults);
        Between(train.WarmupRatio, 0, 1, "train.warmup_ratio", faults);
        Between(train.WeightDecay, 0, 10, "train.weight_decay", faults);
        Between(train.MaxGradNorm, 0, 1e9, "train.max_grad_norm", faults);
        Between(train.LoggingSteps, 1, 1_000_000, "train.logging_steps", faults);
        Between(train.EvalSteps, 1, 100_000_000, "train.eval_steps", faults);
        Between(train.SaveSteps, 1, 100_000_000, "train.save_steps", faults);
        Between(train.SaveTotalLimit, 1, 10_000, "train.save_total_limit", faults);
        Between(spec.Dpo.Beta, double.Epsilon, 2, "dpo.beta", faults);
        Between(spec.Samples.EverySteps, 1, 100_000_000, "samples.every_steps", faults);
        Between(spec.Samples.MaxNewTokens, 1, 65536, "samples.max_new_tokens", faults);
        Between(spec.Samples.Prompts.Count, 0, 64, "samples.prompts (how many)", faults);
        RequireText(spec.Samples.Prompts, "samples.prompts", faults);
        RequireText(data.Columns?.Values ?? [], "data.columns", faults);
        Between(limits.StopAfterNonfinite, 1, 1000, "limits.stop_after_nonfinite", faults);
        Between(limits.MaxSeconds, 1, 31_536_000, "limits.max_seconds", faults);
        if (spec.Task == TrainingTask.Pretrain && spec.Method != TrainingMethod.Full)
        {
            faults.Add(new("wrong_method", "'pretrain' trains every weight, so 'method' must be 'full'.", "Set method=full.", "method"));
        }

        if (spec.Adapter is not null && spec.Method == TrainingMethod.Full)
        {
            faults.Add(new("wrong_method", "'full' trains no adapter, yet 'adapter' names one to start from.", "Merge the adapter first (beep merge), or set method=lora.", "adapter"));
        }

        return faults;
    }

    private static void CheckName(string name, List<Fault> faults)
    {
        var sound = name.Length is > 0 and <= MaxNameLength
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            && name[0] is not ('.' or '-');
        if (!sound)
        {
            faults.Add(new("bad_name", $"'{name}' is no job id.", $"Use 1 to {MaxNameLength} letters, digits, '.', '_' or '-', beginning with a letter, digit or '_'.", "job_id"));
        }
    }

    private static void Require(string value, string path, string remedy, List<Fault> faults)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            faults.Add(new("missing", $"'{path}' is missing.", remedy, path));
        }
    }

    /// <summary>JSON may hold null where the type says text.</summary>
    private static void RequireText(IEnumerable<string?> values, string path, List<Fault> faults)
    {
        if (values.Contains(null))
        {
            faults.Add(new("wrong_type", $"'{path}' holds null, which is not text.", "Correct the value or leave it out.", path));
        }
    }

    private static void CheckPath(string? value, string path, List<Fault> faults)
    {
        if (value?.Contains('\0', StringComparison.Ordinal) == true)
        {
            faults.Add(new("bad_path", $"'{path}' holds a NUL character, which no path can.", "Correct the path.", path));
        }
    }

    private static void Between(double? value, double low, double high, string path, List<Fault> faults)
    {
        // Written so that NaN fails too.
        if (value is { } number && !(number >= low && number <= high))
        {
            var bounds = low == double.Epsilon ? $"above 0 and at most {Text(high)}" : $"from {Text(low)} to {Text(high)}";
            faults.Add(new("out_of_range", $"'{path}' is {Text(number)}; it must be {bounds}.", "Correct the value or leave the field out.", path));
        }
    }

    private static string Text(double value) => value.ToString("0.########", CultureInfo.InvariantCulture);
}
