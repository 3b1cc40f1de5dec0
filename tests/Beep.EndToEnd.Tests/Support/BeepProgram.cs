using System.Diagnostics;
using System.Runtime.InteropServices;
using Beep.Host.Hosting.Processes;
using Beep.Tests;

namespace Beep.EndToEnd.Tests.Support;

/// <summary>What a call of the program gave.</summary>
internal sealed record BeepResult(int ExitCode, string Output, string Error)
{
    public string LastLine => Output.TrimEnd('\n').Split('\n')[^1];
}

/// <summary>The built host, run as its own process.</summary>
internal static class BeepProgram
{
    public const int Interrupt = 2;
    public const int Kill = 9;

    /// <summary>Makes a process stand still until <see cref="GoOn"/>.</summary>
    public const int Pause = 19;

    public const int GoOn = 18;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // artifacts/bin/Beep.EndToEnd.Tests/<configuration>
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;

    public static string HostLibrary { get; } = RepositoryFiles.At("artifacts", "bin", "Beep.Host", Configuration, "beep.dll");

    /// <summary>Runs it to its end.</summary>
    public static Task<BeepResult> RunAsync(params string[] arguments) => Start(arguments).EndAsync();

    /// <summary>Runs it to its end with more in its environment.</summary>
    public static Task<BeepResult> RunWithAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Start(arguments, environment).EndAsync();

    /// <summary>Starts it.</summary>
    public static RunningBeep Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(DotnetRuntime.Executable, [HostLibrary, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // One thread a worker, so that suites running side by side do not fight and results repeat.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment.Remove("BEEP_LAUNCHER");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new RunningBeep(process);
    }

    /// <summary>Sends a signal, as a terminal or the system does.</summary>
    public static void Signal(int processId, int signal) => Assert.Equal(0, SendSignal(processId, signal));

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);

    /// <summary>The program at work.</summary>
    internal sealed class RunningBeep(Process process)
    {
        private readonly Task<string> _output = process.StandardOutput.ReadToEndAsync();
        private readonly Task<string> _error = process.StandardError.ReadToEndAsync();

        public int Id => process.Id;

        public bool HasEnded => process.HasExited;

        /// <summary>The worker that it started; null before that and after its end.</summary>
        public int? WorkerId => Directory.Exists($"/proc/{Id}/task")
            ? Directory.EnumerateDirectories($"/proc/{Id}/task")
                .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(id => (int?)int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))
                .FirstOrDefault()
            : null;

        public async Task<BeepResult> EndAsync()
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                await process.WaitForExitAsync(patience.Token);
                return new BeepResult(process.ExitCode, await _output, await _error);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }

                process.Dispose();
            }
        }
    }
}
