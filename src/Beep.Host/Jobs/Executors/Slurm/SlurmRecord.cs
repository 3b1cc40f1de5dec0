using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>
/// <c>slurm.json</c> in a job folder: what was handed to the cluster, for the next host. It is written before the handing over, without
/// the number, so that no host hands over twice what another one did.
/// </summary>
internal sealed record SlurmRecord
{
    /// <summary>The task that it was handed over for.</summary>
    public required string Task { get; init; }

    /// <summary>Made anew for every handing over. Slurm keeps it as the job's comment, and a script runs only while it is the folder's.</summary>
    public required string Submission { get; init; }

    /// <summary>What Slurm was told to call it.</summary>
    public required string Name { get; init; }

    /// <summary>Slurm's own number; null until it was told.</summary>
    public long? Number { get; init; }

    public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>How long before the end of its time the script is told, in seconds.</summary>
    public int WarningSeconds { get; init; }

    public int? Minutes { get; init; }

    /// <summary>Slurm's own words, as they were when somebody looked last.</summary>
    public string? State { get; init; }

    public string? Reason { get; init; }

    /// <summary>Whether it waits because it made room for another job.</summary>
    public bool IsPreempted { get; init; }

    public string? Partition { get; init; }

    public string? Nodes { get; init; }

    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>When its time is over, as long as it runs.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>What it is called on the cluster: by the name of its folder, which is the job's id.</summary>
    public static string NameOf(JobFolder folder)
    {
        var name = Path.GetFileName(folder.Root);
        return "beep-" + (name.Length <= 60 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
            ? name
            : Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(folder.Root)))[..16]);
    }

    /// <summary>What is written in a folder; null for none, or none that can be read.</summary>
    public static SlurmRecord? Read(JobFolder folder)
    {
        try
        {
            return JsonSerializer.Deserialize<SlurmRecord>(File.ReadAllBytes(PathOf(folder)), TaskJson.Options);
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(JobFolder folder) => AtomicFile.Write(PathOf(folder), JsonSerializer.SerializeToUtf8Bytes(this, TaskJson.Options));

    /// <summary>With what Slurm says now.</summary>
    public SlurmRecord With(SlurmJob job) => this with
    {
        State = job.State,
        Reason = job.IsWaiting ? job.Reason : null,
        IsPreempted = job.State != "RUNNING" && IsPreempted,
        Partition = job.Partition ?? Partition,
        Nodes = job.Nodes ?? (job.IsWaiting ? null : Nodes),
        StartsAt = job.StartsAt ?? (job.IsWaiting ? null : StartsAt),
        // Of one that has ended, it is the end; what matters then is when its time would have been over.
        EndsAt = job.HasEnded ? EndsAt : job.IsWaiting ? null : job.EndsAt ?? EndsAt,
    };

    private static string PathOf(JobFolder folder) => Path.Combine(folder.Root, "slurm.json");
}
