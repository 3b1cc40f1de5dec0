using Beep.Host.Jobs;

namespace Beep.Host.Tests.Support;

/// <summary>A worker written in shell, to end in every way that a real one may.</summary>
internal static class FakeWorker
{
    public const string NeedsShell = "The fake worker is a shell script; Windows has no /bin/sh.";

    public static bool HasShell => File.Exists("/bin/sh");

    /// <summary>A worker that runs <paramref name="script"/> in the job folder; <c>$1</c> is the command and <c>$2</c> the folder.</summary>
    public static TrainerProgram Of(string script) => new("/bin/sh", ["-c", script, "fake-worker"]);

    /// <summary>The line that says how it ended.</summary>
    public static string WriteExit(string status, int exitCode) =>
        $$"""printf '%s' '{"version":1,"status":"{{status}}","exit_code":{{exitCode}},"started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:01:00Z"}' > exit.json; exit {{exitCode}}""";

    /// <summary>The line that appends an event.</summary>
    public static string WriteEvent(int seq, string typeAndFields) =>
        $$"""printf '%s\n' '{"v":1,"seq":{{seq}},"at":"2026-01-01T00:00:00Z",{{typeAndFields}}}' >> events.jsonl;""";
}
