using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Jobs.Pages;

/// <summary>How a field is asked for.</summary>
internal enum JobFieldKind
{
    Number = 1,
    Choice = 2,
    Switch = 3,

    /// <summary>A text a line.</summary>
    Lines = 4,
}

/// <summary>A field of the spec that people set.</summary>
/// <param name="Path">In the spec.</param>
/// <param name="Label">As the field is known.</param>
/// <param name="Hint">One line on what it does.</param>
internal sealed record JobField(string Path, string Label, string Hint, JobFieldKind Kind = JobFieldKind.Number, params IReadOnlyList<string> Choices)
{
    /// <summary>What is under "Advanced", by headings.</summary>
    public static readonly IReadOnlyList<(string Title, IReadOnlyList<JobField> Fields)> Groups =
    [
        ("Course",
        [
            new("task", "Task", "Answers to prompts, a preference between two answers, or plain text.", JobFieldKind.Choice, "sft", "dpo", "pretrain"),
            new("dpo.beta", "Beta", "How strongly the model is held to what it was before; 0.1 is usual."),
            new("train.num_epochs", "Epochs", "How often every row is read."),
            new("train.max_steps", "Steps", "Where given, it wins over the epochs."),
            new("train.learning_rate", "Learning rate", "The peak. 2e-4 is usual for LoRA, a tenth of it for all weights, 5e-6 for preferences."),
            new("train.lr_scheduler", "Schedule", "How the learning rate falls.", JobFieldKind.Choice, "cosine", "linear", "constant"),
            new("train.warmup_ratio", "Warm-up", "The share of the steps in which it rises."),
            new("train.per_device_batch_size", "Batch", "Sequences in one forward pass. More take more memory."),
            new("train.gradient_accumulation_steps", "Accumulation", "Forward passes in one step: batch times this is the effective batch."),
            new("train.optimizer", "Optimizer", "AdamW keeps two averages a trained weight.", JobFieldKind.Choice, "adamw", "sgd"),
            new("train.weight_decay", "Weight decay", "Pulls weights towards zero."),
            new("train.max_grad_norm", "Gradient norm", "Larger gradients are scaled down to it; 0 leaves them."),
            new("train.seed", "Seed", "Draws the order of the rows, the dropout and what is held out."),
        ]),
        ("Rows",
        [
            new("data.max_length", "Longest row", "In tokens."),
            new("data.overlong", "Longer rows", "What becomes of them.", JobFieldKind.Choice, "fail", "truncate", "drop"),
            new("data.untrainable", "Rows with nothing to learn", "What becomes of them.", JobFieldKind.Choice, "fail", "drop", "keep"),
            new("data.packing", "Packing", "Puts several rows into one sequence; none sees another.", JobFieldKind.Switch),
            new("data.completion_only_loss", "Learn answers only", "Otherwise prompts are learnt as well.", JobFieldKind.Switch),
            new("data.shuffle", "Shuffle", "Reads rows in another order each epoch.", JobFieldKind.Switch),
        ]),
        ("Weights",
        [
            new("method", "Method", "LoRA trains a small adapter beside the model, DoRA one that also scales, QLoRA over a model in 4 bits; full trains every weight.", JobFieldKind.Choice, "lora", "dora", "qlora", "full"),
            new("lora.r", "Rank", "Of the adapter: more can learn more and takes more memory."),
            new("lora.alpha", "Alpha", "Scales the adapter by alpha over rank."),
            new("lora.dropout", "Dropout", "The share of the adapter's inputs that is left out while training."),
            new("train.precision", "Precision", "The number format.", JobFieldKind.Choice, "auto", "fp32", "bf16"),
            new("train.gradient_checkpointing", "Recompute activations", "Takes less memory and more time.", JobFieldKind.Choice, "auto", "on", "off"),
        ]),
        ("Watching",
        [
            new("train.eval_steps", "Evaluate every", "Steps between two looks at the held-out rows; empty is at the start and the end."),
            new("train.save_steps", "Checkpoint every", "Steps between two; empty is at the end."),
            new("train.save_total_limit", "Checkpoints kept", "The newest so many."),
            new("limits.max_seconds", "Stop after", "Seconds; it saves a checkpoint then."),
            new("samples.every_steps", "Sample every", "Steps between two rounds of the prompts below."),
            new("samples.prompts", "Sample prompts", "One a line. The model answers them while it learns.", JobFieldKind.Lines),
        ]),
    ];

    /// <summary>Whether it changes anything of a run of that task and method.</summary>
    public bool Matters(string task, string method) => Path switch
    {
        "dpo.beta" => task == "dpo",
        // Pairs stay together, and of them answers alone are learnt.
        "data.packing" => task != "dpo",
        "data.completion_only_loss" => task == "sft",
        _ when Path.StartsWith("lora.", StringComparison.Ordinal) => method != "full",
        _ => true,
    };

    /// <summary>The value in a tree, as it is written in a field; empty for none.</summary>
    public string TextIn(JsonObject tree) => ValueIn(tree) switch
    {
        null => "",
        JsonArray lines => string.Join('\n', lines.Select(line => (string?)line)),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => (string)value!,
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => value.GetValue<double>().ToString("0.##########", CultureInfo.InvariantCulture),
        var other => other.ToJsonString(),
    };

    public JsonNode? ValueIn(JsonObject tree)
    {
        JsonNode? node = tree;
        foreach (var key in Path.Split('.'))
        {
            node = (node as JsonObject)?[key];
        }

        return node;
    }

    /// <summary>What a text in the field means; text that is no number stays text, and the plan says so.</summary>
    public JsonElement ReadText(string text) => Kind switch
    {
        JobFieldKind.Lines => JsonSerializer.SerializeToElement(text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
        _ when text.Trim().Length == 0 => JsonSerializer.SerializeToElement<string?>(null),
        JobFieldKind.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonSerializer.SerializeToElement(number),
        _ => JsonSerializer.SerializeToElement(text.Trim()),
    };

    /// <summary>The defaults with a preset over them.</summary>
    public static JsonObject TreeOf(string preset)
    {
        var tree = SpecWriter.ToTree(new JobSpec());
        SpecReader.Merge(tree, PresetCatalog.Get(preset).Tree);
        return tree;
    }

    /// <summary>In what a stored spec differs from its preset.</summary>
    public static Dictionary<string, JsonElement> OverridesOf(string storedSpec, string preset)
    {
        var (spec, tree) = (JsonNode.Parse(storedSpec)!.AsObject(), TreeOf(preset));
        return Groups.SelectMany(group => group.Fields).Where(field => !JsonNode.DeepEquals(field.ValueIn(spec), field.ValueIn(tree)))
            .ToDictionary(field => field.Path, field => JsonSerializer.SerializeToElement(field.ValueIn(spec)), StringComparer.Ordinal);
    }
}
