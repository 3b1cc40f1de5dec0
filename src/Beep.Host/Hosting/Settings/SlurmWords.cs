using System.Text.RegularExpressions;

namespace Beep.Host.Hosting.Settings;

/// <summary>What may be said to the commands of Slurm.</summary>
internal static partial class SlurmWords
{
    // The program says these itself: what another value of one would break is the finding again, the log, or the script.
    private static readonly string[] Ours =
    [
        "array", "chdir", "clusters", "comment", "error", "export", "export-file", "get-user-env", "gid", "help", "input", "job-name", "no-requeue", "open-mode",
        "output", "parsable", "quiet", "requeue", "signal", "test-only", "uid", "usage", "verbose", "version", "wait", "wrap",
    ];

    /// <summary>Whether Slurm can call a partition, an account or a quality of service so; lists have commas.</summary>
    public static bool IsWord(string text) => Word().IsMatch(text);

    /// <summary>Whether an option may be handed on to sbatch: a long one with its value behind <c>=</c>, and none that the program sets itself.</summary>
    public static bool IsExtra(string text) => Extra().Match(text) is { Success: true } match
        && !text.Any(char.IsControl)
        // The command takes the beginning of an option's name for the whole.
        && !Ours.Any(name => name.StartsWith(match.Groups["name"].Value, StringComparison.Ordinal));

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._,-]{0,199}\z")]
    private static partial Regex Word();

    [GeneratedRegex(@"\A--(?<name>[a-z][a-z0-9-]{1,40})(=.{1,500})?\z")]
    private static partial Regex Extra();
}
