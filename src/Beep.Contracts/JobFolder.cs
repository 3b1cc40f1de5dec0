using System.Globalization;

namespace Beep.Contracts;

/// <summary>The paths of a job folder; see <c>contracts/job-folder.md</c>. Makes no file by itself.</summary>
public sealed class JobFolder
{
    private const string CheckpointPrefix = "step-";

    /// <summary>Names the job folder at <paramref name="root"/>, which need not exist yet.</summary>
    public JobFolder(string root) => Root = Path.GetFullPath(root);

    /// <summary>The absolute path of the folder.</summary>
    public string Root { get; }

    /// <summary>What to do: written once before the start, never changed.</summary>
    public string Spec => Path.Combine(Root, "spec.json");

    /// <summary>What happened, one object a line.</summary>
    public string Events => Path.Combine(Root, "events.jsonl");

    /// <summary>The worker's stdout and stderr.</summary>
    public string Output => Path.Combine(Root, "output.log");

    /// <summary>How it ended: written last and atomically.</summary>
    public string Exit => Path.Combine(Root, "exit.json");

    /// <summary>Where requests to a running worker are put.</summary>
    public string Control => Path.Combine(Root, "control");

    /// <summary>Held by the one worker of the folder; see <see cref="JobLock"/>.</summary>
    public string Lock => Path.Combine(Control, "lock");

    /// <summary>Its existence asks the worker to finish the step, save and stop.</summary>
    public string CancelRequest => Path.Combine(Control, "cancel");

    /// <summary>Holds one folder a checkpoint.</summary>
    public string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>Holds what the run was for.</summary>
    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>The adapter in PEFT layout.</summary>
    public string Adapter => Path.Combine(Artifacts, "adapter");

    /// <summary>The whole model in Hugging Face layout, where the run trained or merged one.</summary>
    public string Merged => Path.Combine(Artifacts, "merged");

    /// <summary>Scratch of the worker (tokenised data), which may be deleted whenever no worker runs.</summary>
    public string Cache => Path.Combine(Root, "cache");

    /// <summary>The folder of the checkpoint taken after <paramref name="step"/> optimizer steps.</summary>
    public string Checkpoint(int step) =>
        Path.Combine(Checkpoints, CheckpointPrefix + step.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The complete checkpoints, oldest first. A folder that is being written has another name and is not among them.</summary>
    public IReadOnlyList<(int Step, string Path)> ListCheckpoints()
    {
        if (!Directory.Exists(Checkpoints))
        {
            return [];
        }

        return [.. from path in Directory.EnumerateDirectories(Checkpoints)
                   let name = Path.GetFileName(path)
                   where name.StartsWith(CheckpointPrefix, StringComparison.Ordinal)
                   let step = int.TryParse(name.AsSpan(CheckpointPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1
                   where step >= 0
                   orderby step
                   select (step, path)];
    }
}
