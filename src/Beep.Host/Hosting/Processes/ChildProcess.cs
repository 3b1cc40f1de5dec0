using System.ComponentModel;
using System.Diagnostics;
using Beep.Contracts;

namespace Beep.Host.Hosting.Processes;

/// <summary>
/// A child in a session of its own, with an environment of allowed names, no stdin, files that are private, at most 4,096 open
/// ones, no core dump, and no way to gain rights. It waits at a gate until it is let go: who dies between the start and
/// writing down the process leaves nothing behind.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const string SetSession = "/usr/bin/setsid";
    private const string SetRights = "/usr/bin/setpriv";
    private const string Shell = "/bin/sh";
    // The gate's input ends when the host dies, and then the child is nothing but this shell.
    private const string Gate = """umask 077; ulimit -c 0; ulimit -n 4096 2>/dev/null; read -r go || exit 125; exec "$@" </dev/null""";

    // A descendant that cannot be ended may hold the pipes open.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly OutputLog? _own;
    private readonly IReadOnlyList<OutputLog> _outputs;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _drain = new();
    private readonly Task _ended;
    private TimeSpan _grace;

    private ChildProcess(Process process, ProcessGroup group, OutputLog output, OutputLog? own, TimeProvider time)
    {
        (_process, Group, _own, _outputs, _time) = (process, group, own, own is null ? [output] : [output, own], time);
        _ended = DrainAsync();
    }

    /// <summary>The child and its descendants.</summary>
    public ProcessGroup Group { get; }

    /// <summary>Starts it up to the gate.</summary>
    /// <exception cref="FaultException">The program is not there, or the system refuses.</exception>
    public static ChildProcess Start(ChildProcessStart start, string folder, string mark, OutputLog output, TimeProvider time)
    {
        if (!Path.IsPathFullyQualified(start.FileName) || !File.Exists(start.FileName))
        {
            throw FaultException.Failed("program_missing", $"The program '{start.FileName}' is not there.", "Name an installed program by its absolute path.", start.FileName);
        }

        List<string> command = OperatingSystem.IsWindows() ? [] : [Shell, "-c", Gate, "beep-child"];
        if (OperatingSystem.IsLinux())
        {
            command.InsertRange(0, [.. File.Exists(SetSession) ? (string[])[SetSession] : [], .. File.Exists(SetRights) ? (string[])[SetRights, "--no-new-privs"] : []]);
        }

        command.AddRange([start.FileName, .. start.Arguments]);
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = start.WorkingFolder ?? folder,
        };
        WorkerEnvironment.Fill(info.Environment, Environment.GetEnvironmentVariables());
        foreach (var (name, value) in start.Environment)
        {
            info.Environment[name] = value;
        }

        info.Environment[ProcessGroup.Variable] = mark;
        var own = start.OutputFile is null ? null : new OutputLog(start.OutputFile);
        try
        {
            var process = Process.Start(info) ?? throw new InvalidOperationException("no process was made");
            return new ChildProcess(process, new ProcessGroup(ProcessIdentity.Of(process.Id), mark), output, own, time);
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            own?.Dispose();
            throw FaultException.Failed("program_not_started", $"The program '{start.FileName}' cannot be started: {error.Message}", "Check the rights of the file and of the working folder.", start.FileName, error);
        }
    }

    /// <summary>The last lines that it printed, where it has a file of its own; none otherwise.</summary>
    public IReadOnlyList<string> LastLines(int count) => _own?.LastLines(count) ?? [];

    /// <summary>Opens the gate.</summary>
    public void LetGo()
    {
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                _process.StandardInput.Write("go\n");
            }

            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It was ended at the gate.
        }
    }

    /// <summary>Waits for its end and returns its exit code; what it leaves running is ended.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await _ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _process.ExitCode;
    }

    /// <summary>Ends it and all its descendants: asks, waits <paramref name="grace"/>, ends. Whether none is left.</summary>
    public async Task<bool> EndAsync(TimeSpan grace)
    {
        _grace = grace;
        var isGone = await Group.EndAsync(grace, _time).ConfigureAwait(false);
        if (isGone)
        {
            await _ended.ConfigureAwait(false);
        }

        return isGone;
    }

    public async ValueTask DisposeAsync()
    {
        if (await EndAsync(TimeSpan.Zero).ConfigureAwait(false))
        {
            _process.Dispose();
            _own?.Dispose();
            _drain.Dispose();
        }
    }

    private async Task DrainAsync()
    {
        var pipes = Task.WhenAll(OutputLog.CopyAsync(_process.StandardOutput.BaseStream, _outputs, _drain.Token), OutputLog.CopyAsync(_process.StandardError.BaseStream, _outputs, _drain.Token));
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        await (Group with { OwnsNumber = true }).EndAsync(_grace, _time).ConfigureAwait(false);
        try
        {
            await pipes.WaitAsync(DrainLimit, _time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or IOException or OperationCanceledException)
        {
            await _drain.CancelAsync().ConfigureAwait(false);
        }
    }
}
