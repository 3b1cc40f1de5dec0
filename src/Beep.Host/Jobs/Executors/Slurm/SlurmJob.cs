using System.Globalization;
using System.Text.RegularExpressions;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>A job as Slurm describes it.</summary>
/// <param name="Number">What Slurm calls it.</param>
/// <param name="State">In Slurm's own word: <c>PENDING</c>.</param>
internal sealed partial record SlurmJob(long Number, string State)
{
    /// <summary>What squeue is asked for: no name or comment of ours holds a bar.</summary>
    public const string Format = "%i|%T|%r|%S|%e|%P|%N|%j|%k";

    private const int Fields = 9;

    private static readonly HashSet<string> Ended = new(StringComparer.Ordinal)
    {
        "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY", "REVOKED",
    };

    private static readonly HashSet<string> Waiting = new(StringComparer.Ordinal) { "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD" };

    /// <summary>Why it waits, in Slurm's own word: <c>Resources</c>; null for none.</summary>
    public string? Reason { get; init; }

    /// <summary>When it began, or is thought to begin.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>When it ended, or its time is over.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    public string? Partition { get; init; }

    public string? Nodes { get; init; }

    public string? Name { get; init; }

    public string? Comment { get; init; }

    /// <summary>How its script ended; null where nobody knows.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Who cancelled it, as far as the accounting knows.</summary>
    public string? CancelledBy { get; init; }

    public bool HasEnded => Ended.Contains(State);

    public bool IsWaiting => Waiting.Contains(State);

    /// <summary>The jobs of what squeue printed; lines that are none are left out.</summary>
    public static IReadOnlyList<SlurmJob> ParseQueue(string output)
    {
        List<SlurmJob> jobs = [];
        foreach (var line in output.Split('\n'))
        {
            var fields = line.Split('|', Fields);
            if (fields.Length == Fields && long.TryParse(fields[0].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                jobs.Add(new SlurmJob(number, fields[1].Trim())
                {
                    Reason = Said(fields[2]),
                    StartsAt = Instant(fields[3]),
                    EndsAt = Instant(fields[4]),
                    Partition = Said(fields[5]),
                    Nodes = Said(fields[6]),
                    Name = fields[7].Trim(),
                    Comment = fields[8].Trim(),
                });
            }
        }

        return jobs;
    }

    /// <summary>The jobs of what sacct printed with <c>--parsable2</c>: number, state, exit code, end, name.</summary>
    public static IReadOnlyList<SlurmJob> ParseAccounting(string output)
    {
        List<SlurmJob> jobs = [];
        foreach (var line in output.Split('\n'))
        {
            var fields = line.Split('|');
            if (fields.Length == 5 && long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                // CANCELLED by 1000
                var words = fields[1].Split(' ');
                jobs.Add(new SlurmJob(number, words[0].TrimEnd('+')) { ExitCode = Exit(fields[2]), EndsAt = Instant(fields[3]), Name = fields[4], CancelledBy = words is [_, "by", var who] ? who : null });
            }
        }

        return jobs;
    }

    /// <summary>The exit code in what scontrol printed about one job.</summary>
    public static int? ParseExitCode(string output) => ExitCodeField().Match(output) is { Success: true } match ? Exit(match.Groups[1].Value) : null;

    /// <summary>Whether what scontrol printed about one job says that it is to make room for another one.</summary>
    public static bool ParsePreempted(string output) => PreemptTimeField().IsMatch(output);

    /// <summary>
    /// Whether Slurm's own line in the output of a job that is back in the queue, or that of its script, says that its last start ended for
    /// another one. Where the script is signalled first, Slurm leaves the reason out; of all others who put a job back it tells.
    /// </summary>
    public static bool IsPreempted(long number, IReadOnlyList<string> lastLines) =>
        lastLines.Reverse().TakeWhile(line => !line.StartsWith("beep: Slurm job ", StringComparison.Ordinal)).Any(line => line.StartsWith("beep: preempted: ", StringComparison.Ordinal)
            || (line.Contains(string.Create(CultureInfo.InvariantCulture, $"*** JOB {number} ON "), StringComparison.Ordinal)
                && (line.Contains(" DUE TO PREEMPTION ***", StringComparison.Ordinal) || !line.Contains(" DUE TO ", StringComparison.Ordinal))));

    /// <summary><c>code:signal</c>, as a shell says it.</summary>
    private static int? Exit(string text) => text.Split(':') is [var code, var signal] && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var exited) && int.TryParse(signal, NumberStyles.None, CultureInfo.InvariantCulture, out var by)
        ? by > 0 ? 128 + by : exited
        : null;

    private static string? Said(string text) => text.Trim() is { Length: > 0 } said && said is not ("None" or "(null)" or "N/A") ? said : null;

    /// <summary>Slurm says the time of the zone that it is asked in, which is UTC.</summary>
    private static DateTimeOffset? Instant(string text) =>
        DateTimeOffset.TryParseExact(text.Trim(), "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant) ? instant : null;

    [GeneratedRegex(@"(?:^|\s)ExitCode=(\d+:\d+)")]
    private static partial Regex ExitCodeField();

    [GeneratedRegex(@"(?:^|\s)PreemptTime=\d")]
    private static partial Regex PreemptTimeField();
}
