using System.Text.Json;
using System.Text.Json.Nodes;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Specs;

namespace Beep.Host.Quickstart;

/// <summary>The job that the quickstart runs: the shipped model on the shipped rows.</summary>
internal static class QuickstartJob
{
    private const int PromptCount = 3;
    private const int MaxRows = 10_000;
    private const int MaxLineBytes = 1 << 20;

    // A model of a few million weights takes, and needs, a far higher learning rate than those that the presets are for.
    private static readonly string[] Settings =
    [
        "train.learning_rate=2e-3", "train.num_epochs=6", "train.per_device_batch_size=4", "train.eval_steps=36", "train.save_steps=18",
        "data.max_length=256", "lora.r=16", "lora.alpha=32", "samples.max_new_tokens=40",
    ];

    /// <summary>The folder's job, or a new one there.</summary>
    /// <exception cref="FaultException">The folder holds something else.</exception>
    public static PreparedJob Prepare(string folder, ShippedFiles shipped)
    {
        var isNew = !File.Exists(new JobFolder(folder).Spec);
        return JobFolderPreparer.Inspect(folder, isNew ? Sources(shipped) : new SpecSources());
    }

    /// <summary>Removes a former quickstart.</summary>
    /// <exception cref="FaultException">The folder holds something else, or a worker runs in it.</exception>
    public static void Remove(string folder)
    {
        var job = new JobFolder(folder);
        if (!Directory.Exists(folder))
        {
            return;
        }

        if (!File.Exists(job.Spec))
        {
            throw FaultException.Invalid("out_not_empty", $"'{folder}' holds no spec.json, so it is no quickstart and is left alone.", "Move it away, or set BEEP_PYTHON_HOME to another folder.", folder);
        }

        using (JobLock.TryTake(job) ?? throw FaultException.Invalid("job_running", $"A worker is running the quickstart in '{folder}'.", "Wait for it, or stop it first.", folder))
        {
        }

        Directory.Delete(folder, recursive: true);
    }

    private static SpecSources Sources(ShippedFiles shipped) => new()
    {
        Model = shipped.Model,
        Data = shipped.Data,
        Validation = shipped.Validation,
        Preset = "lora-small",
        Settings = [.. Settings, $"samples.prompts={new JsonArray([.. Prompts(shipped.Validation).Select(prompt => JsonValue.Create(prompt))]).ToJsonString()}"],
    };

    /// <summary>What held-out rows ask, taken from all over the file: things of which the training rows say nothing.</summary>
    private static IEnumerable<string> Prompts(string path)
    {
        using var stream = File.OpenRead(path);
        var reader = new BoundedLineReader(stream, MaxLineBytes);
        var asked = new List<string>();
        while (asked.Count < MaxRows && reader.TryRead(out var line))
        {
            using var row = JsonDocument.Parse(line.Bytes);
            asked.AddRange(row.RootElement.GetProperty("messages").EnumerateArray()
                .Where(message => message.GetProperty("role").ValueEquals("user"))
                .Select(message => message.GetProperty("content").GetString()!)
                .Take(1));
        }

        return Enumerable.Range(0, PromptCount).Select(index => asked[index * asked.Count / PromptCount]).Distinct();
    }
}
