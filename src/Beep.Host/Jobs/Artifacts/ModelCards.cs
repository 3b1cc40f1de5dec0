using System.Globalization;
using System.Text;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>
/// The README beside weights, written from the job: what it was made from, how, how well it came out, and how it is loaded. Where it is
/// read by a model hub, its front matter is YAML; every value in that is quoted as JSON, which YAML contains.
/// </summary>
internal sealed class ModelCards(HostPaths paths, ArtifactRecords records)
{
    private const string FileName = "README.md";

    /// <summary>Puts a card into every folder of weights that a worker has made. Where that cannot be done the worker's own stays: it is no reason to lose a run.</summary>
    public async Task WriteAllAsync(Job job, CancellationToken cancellationToken)
    {
        var folder = new JobFolder(paths.Job(job.Id));
        foreach (var (path, isAdapter) in new[] { (folder.Adapter, true), (folder.Merged, false) })
        {
            try
            {
                if (Directory.Exists(path))
                {
                    await WriteAsync(job, path, isAdapter, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is FaultException or IOException or UnauthorizedAccessException || TaskFaults.IsDatabaseAway(error))
            {
                return;
            }
        }
    }

    /// <summary>Puts the card into a folder of weights, in the place of the one that is there.</summary>
    public async Task WriteAsync(Job job, string folder, bool isAdapter, CancellationToken cancellationToken)
    {
        var lineage = await records.LineageAsync(job, cancellationToken).ConfigureAwait(false);
        var run = new JobFolder(paths.Job(job.Id));
        var card = Write(job, SpecReader.Read(run.Spec), JobExit.Read(run)?.Summary, lineage, isAdapter);
        DurableFile.Write(Path.Combine(folder, FileName), Encoding.UTF8.GetBytes(card));
    }

    /// <summary>The text.</summary>
    public static string Write(Job job, JobSpec spec, JobSummary? summary, RunLineage lineage, bool isAdapter)
    {
        var text = new StringBuilder();
        text.Append("---\n");
        Field("base_model", job.ModelName);
        Field("library_name", isAdapter ? "peft" : "transformers");
        Field("pipeline_tag", "text-generation");
        if (lineage.Base?.License is { } licence)
        {
            Field("license", licence);
        }

        text.Append("---\n\n").Append(CultureInfo.InvariantCulture, $"# {Line(job.Name)}\n\n")
            .Append(isAdapter ? "A LoRA adapter for " : "A model trained from ").Append(CultureInfo.InvariantCulture, $"`{Code(job.ModelName)}`, made by the job `{job.Id}`.\n\n## How it was made\n\n| | |\n|-|-|\n");
        Row("base model", $"{job.ModelName}{(spec.Model.Sha256 is { } hash ? $" (weights {hash[..Math.Min(12, hash.Length)]})" : "")}");
        Row("licence of the base", lineage.Base?.License ?? "not known: look it up before you pass this on");
        Row("dataset", lineage.DatasetName is null ? null : $"{lineage.DatasetName}, version {lineage.DatasetVersion} (SHA-256 {lineage.DatasetSha256?[..12]})");
        Row("task and method", $"{SpecWriter.WireName(spec.Task)}, {SpecWriter.WireName(spec.Method)}");
        if (spec.Method != TrainingMethod.Full)
        {
            Row("adapter", FormattableString.Invariant($"rank {spec.Lora.R}, alpha {spec.Lora.Alpha}, dropout {spec.Lora.Dropout}, {spec.Lora.TargetModules}"));
        }

        Row("learning rate", FormattableString.Invariant($"{spec.Train.LearningRate} ({SpecWriter.WireName(spec.Train.LrScheduler)}, warm-up {spec.Train.WarmupRatio})"));
        Row("batch", FormattableString.Invariant($"{spec.Train.PerDeviceBatchSize} × {spec.Train.GradientAccumulationSteps} accumulated, at most {spec.Data.MaxLength} tokens a row"));
        Row("optimizer", FormattableString.Invariant($"{SpecWriter.WireName(spec.Train.Optimizer)}, weight decay {spec.Train.WeightDecay}, gradient norm at most {spec.Train.MaxGradNorm}"));
        Row("seed", spec.Train.Seed.ToString(CultureInfo.InvariantCulture));
        text.Append("\n## How it came out\n\n| | |\n|-|-|\n");
        Row("steps", Count(summary?.Steps ?? job.Step));
        Row("tokens", Count(summary?.Tokens ?? job.TrainedTokens));
        Row("time", summary is null ? null : Units.Duration(summary.Seconds));
        Row("last training loss", Loss(summary?.TrainLoss ?? job.Loss));
        Row("held-out loss before", Loss(summary?.FirstEvaluationLoss));
        Row("held-out loss after", Loss(summary?.LastEvaluationLoss ?? job.EvaluationLoss));
        return text.Append("\n## How to load it\n\n").Append(isAdapter ? ForAdapter(job.ModelName) : ForModel).Append("\nThe job's `spec.json` repeats the run.\n").ToString();

        void Field(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name}: {JsonSerializer.Serialize(value)}\n");

        void Row(string name, string? value)
        {
            if (value is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {name} | {Line(value)} |\n");
            }
        }
    }

    private static string ForAdapter(string model) => $"""
        With PEFT (`BASE` is the folder or the hub name of `{Code(model)}`, `ADAPTER` the folder of this file):

        ```python
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained("BASE")
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("BASE"), "ADAPTER")
        ```

        With Transformers alone, where PEFT is installed beside it:

        ```python
        model = AutoModelForCausalLM.from_pretrained("BASE")
        model.load_adapter("ADAPTER")
        ```

        With beep:

        ```
        beep generate --model BASE --adapter ADAPTER --prompt "…"
        ```

        """.ReplaceLineEndings("\n");

    private static string ForModel => """
        With Transformers (`MODEL` is the folder of this file):

        ```python
        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained("MODEL")
        model = AutoModelForCausalLM.from_pretrained("MODEL")
        ```

        With beep:

        ```
        beep generate --model MODEL --prompt "…"
        ```

        """.ReplaceLineEndings("\n");

    /// <summary>Names are people's text: one line, with nothing in it that Markdown would make a table, a link or a tag of.</summary>
    private static string Line(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var c in Hosting.Processes.PlainText.Clean(text))
        {
            if (c is '|' or '<' or '>' or '[' or ']' or '`' or '*' or '\\' or '!')
            {
                safe.Append('\\');
            }

            safe.Append(c);
        }

        return safe.ToString();
    }

    private static string Code(string text) => Hosting.Processes.PlainText.Clean(text).Replace('`', '\'');

    private static string Count(long count) => Units.Count(count);

    private static string? Loss(double? loss) => loss?.ToString("0.0000", CultureInfo.InvariantCulture);
}
