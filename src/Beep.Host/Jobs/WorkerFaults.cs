using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Jobs;

/// <summary>Reads the faults that a worker prints on stderr, one a line: <c>error: where: message remedy [code]</c>.</summary>
internal static partial class WorkerFaults
{
    private const int ShownLines = 10;

    /// <summary>The worker's exit code where it is one of the contract's, else <see cref="WorkerExitCode.Failed"/>.</summary>
    public static WorkerExitCode ExitCodeOf(WorkerAnswer answer) =>
        Enum.IsDefined((WorkerExitCode)answer.ExitCode) ? (WorkerExitCode)answer.ExitCode : WorkerExitCode.Failed;

    /// <summary>The faults; one that quotes the output where there is none of that form.</summary>
    public static IReadOnlyList<Fault> Read(WorkerAnswer answer, string command)
    {
        var lines = answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(PlainText.Clean).ToList();
        var faults = lines.Select(line => FaultLine().Match(line)).Where(match => match.Success)
            .Select(match => new Fault(match.Groups["code"].Value, match.Groups["message"].Value, match.Groups["remedy"].Value)).ToList();
        return faults.Count > 0
            ? faults
            : [new("worker_died", $"The worker's '{command}' ended with exit code {answer.ExitCode}: {string.Join(" | ", lines.TakeLast(ShownLines))}", "Run ./beep doctor.")];
    }

    // The line does not say where the remedy begins; it is the last sentence nearly always, and reads the same in any case.
    [GeneratedRegex(@"^(error: )?(?<message>.+[.:!?]) (?<remedy>[A-Z'\-].*?) \[(?<code>[a-z][a-z0-9_]*)\]$")]
    private static partial Regex FaultLine();
}
