using System.Globalization;
using Beep.Host.Hosting.Processes;
using Beep.Host.Hosting.Settings;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>Slurm's own commands, each for a limited time and with nothing of the server's environment that a worker may not know.</summary>
internal sealed class SlurmCommands(SlurmOptions options)
{
    // The controller may be busy; its own limit for an answer is 10 s and a bit.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SubmitPatience = TimeSpan.FromSeconds(40);

    // What the commands say where the cluster, and not the question, is at fault.
    private static readonly string[] Unreachable =
        ["Unable to contact slurm controller", "Socket timed out", "Connection refused", "Connection timed out", "No route to host", "Communication connection failure", "Munge encode failed", "Protocol authentication error", "did not answer within", "Zero Bytes were transmitted", "Unable to confirm allocation"];

    private readonly Dictionary<string, string> _environment = options.Configuration is { } configuration ? new(StringComparer.Ordinal) { ["SLURM_CONF"] = configuration } : new(StringComparer.Ordinal);

    /// <summary>Whether a command failed for a reason that passes.</summary>
    public static bool IsUnreachable(CommandAnswer answer) => answer.ExitCode is null || (!answer.IsGood && Unreachable.Any(text => answer.Error.Contains(text, StringComparison.OrdinalIgnoreCase)));

    /// <summary>The last line of what a command complained of, which says most.</summary>
    public static string Complaint(CommandAnswer answer)
    {
        var lines = answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? $"exit code {answer.ExitCode}" : PlainText.Clean(string.Join(' ', lines.TakeLast(2)));
    }

    /// <summary>Hands a script over. It is not stopped by anybody in the middle: what came of it would be unknown.</summary>
    public Task<CommandAnswer> SubmitAsync(IReadOnlyList<string> arguments) => RunAsync("sbatch", arguments, SubmitPatience, CancellationToken.None);

    /// <summary>All jobs of this user by these names that the controller knows, those that ended a while ago among them.</summary>
    public Task<CommandAnswer> QueueAsync(IEnumerable<string> names, CancellationToken cancellationToken) =>
        AskAsync("squeue", ["--noheader", "--all", "--states=all", $"--user={UnixUser.Id}", $"--name={string.Join(',', names)}", $"--format={SlurmJob.Format}"], cancellationToken);

    /// <summary>What the accounting knows of jobs, where there is one.</summary>
    /// <param name="numbers">Which ones.</param>
    /// <param name="cancellationToken">Gives the question up.</param>
    /// <param name="isEveryStart">Whether every start of a job that was put back is wanted, and not only the last.</param>
    public Task<CommandAnswer> AccountingAsync(IEnumerable<long> numbers, CancellationToken cancellationToken, bool isEveryStart = false) =>
        AskAsync("sacct", [.. isEveryStart ? ["--duplicates"] : Array.Empty<string>(), "--noheader", "--parsable2", "--allocations", $"--jobs={string.Join(',', numbers.Select(Text))}", "--format=JobIDRaw,State,ExitCode,End,JobName"], cancellationToken);

    public Task<CommandAnswer> ShowAsync(long number, CancellationToken cancellationToken) => AskAsync("scontrol", ["--oneliner", "show", "job", Text(number)], cancellationToken);

    /// <summary>Tells the script of a job, and nothing else of it, to stop.</summary>
    public Task<CommandAnswer> SignalAsync(long number, CancellationToken cancellationToken) => AskAsync("scancel", ["--signal=TERM", "--batch", Text(number)], cancellationToken);

    public Task<CommandAnswer> CancelAsync(long number, CancellationToken cancellationToken) => AskAsync("scancel", [Text(number)], cancellationToken);

    /// <summary>Partitions with their nodes, one line for each kind of node.</summary>
    public Task<CommandAnswer> PartitionsAsync(CancellationToken cancellationToken) => AskAsync("sinfo", ["--noheader", "--format=%R|%P|%a|%l|%D|%G|%c|%m"], cancellationToken);

    public Task<CommandAnswer> VersionAsync(CancellationToken cancellationToken) => AskAsync("sinfo", ["--version"], cancellationToken);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private Task<CommandAnswer> AskAsync(string command, IReadOnlyList<string> arguments, CancellationToken cancellationToken) => RunAsync(command, arguments, Patience, cancellationToken);

    private Task<CommandAnswer> RunAsync(string command, IReadOnlyList<string> arguments, TimeSpan patience, CancellationToken cancellationToken)
    {
        var program = options.CommandFolder is { } folder ? Path.Combine(folder, command) : Programs.Find(command);
        // The times that it says are read as UTC.
        var environment = command == "sbatch" ? _environment : new Dictionary<string, string>(_environment, StringComparer.Ordinal) { ["TZ"] = "UTC" };
        return program is null
            ? Task.FromResult(new CommandAnswer(null, "", $"'{command}' is not on the PATH"))
            : CommandRun.RunAsync(program, arguments, environment, patience, cancellationToken);
    }
}
