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
    // The pipes end with the host, and writing to one then ends the writer.
    private const string SurvivorGate = """umask 077; ulimit -c 0; ulimit -n 4096 2>/dev/null; read -r go || exit 125; out=$1; shift; exec "$@" </dev/null >>"$out" 2>&1""";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongLook = TimeSpan.FromSeconds(1);

    private readonly Process? _process;
    private readonly IChildOutput _output;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _leave = new();
    private readonly Task _ended;
    private TimeSpan _grace;
    private bool _isTooLong;

    private ChildProcess(Process? process, ProcessGroup group, IChildOutput output, TimeProvider time)
    {
        (_process, Group, _output, _time) = (process, group, output, time);
        _ended = WatchAsync();
    }

    /// <summary>The child and its descendants.</summary>
    public ProcessGroup Group { get; }

    /// <summary>Takes a child over that another host started to outlive it. How it ends cannot be asked, only that it did.</summary>
    public static ChildProcess Adopt(ProcessIdentity process, string mark, string outputFile, TimeProvider time) =>
        new(null, new ProcessGroup(process, mark), new OutputFile(outputFile), time);

    /// <summary>Starts it up to the gate.</summary>
    /// <exception cref="FaultException">The program is not there, or the system refuses.</exception>
    public static ChildProcess Start(ChildProcessStart start, string folder, string mark, OutputLog output, TimeProvider time)
    {
        if (!Path.IsPathFullyQualified(start.FileName) || !File.Exists(start.FileName))
        {
            throw FaultException.Failed("program_missing", $"The program '{start.FileName}' is not there.", "Name an installed program by its absolute path.", start.FileName);
        }

        var outlives = start.OutlivesHost && !OperatingSystem.IsWindows();
        var file = start.OutputFile ?? (start.OutlivesHost ? throw new ArgumentException("A child that outlives the host needs a file for its output.", nameof(start)) : null);
        List<string> command = OperatingSystem.IsWindows() ? [] : outlives ? [Shell, "-c", SurvivorGate, "beep-child", file!] : [Shell, "-c", Gate, "beep-child"];
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
        IChildOutput copied = outlives ? new OutputFile(file!) : new OutputCopy(output, file is null ? null : new OutputLog(file));
        try
        {
            var process = Process.Start(info) ?? throw new InvalidOperationException("no process was made");
            return new ChildProcess(process, new ProcessGroup(ProcessIdentity.Of(process.Id), mark), copied, time);
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            copied.Dispose();
            throw FaultException.Failed("program_not_started", $"The program '{start.FileName}' cannot be started: {error.Message}", "Check the rights of the file and of the working folder.", start.FileName, error);
        }
    }

    /// <summary>The last lines that it printed, where it has a file of its own; none otherwise.</summary>
    public IReadOnlyList<string> LastLines(int count) => _output.LastLines(count);

    /// <summary>Opens the gate.</summary>
    public void LetGo()
    {
        if (_process is null)
        {
            return;
        }

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

    /// <summary>Waits for its end and returns its exit code, null where it was taken over; what it leaves running is ended.</summary>
    /// <exception cref="FaultException">It was ended because it printed more than <see cref="OutputLog.MaxBytes"/> into a file of its own.</exception>
    public async Task<int?> WaitAsync(CancellationToken cancellationToken)
    {
        await _ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_leave.IsCancellationRequested)
        {
            throw new OperationCanceledException("The process goes on without this host.");
        }

        return _isTooLong
            ? throw FaultException.Failed("output_too_long", $"The process printed more than {OutputLog.MaxBytes >> 20} MiB and was ended.", "See what it prints over and over, and have it print less.", _output.Name)
            : _process?.ExitCode;
    }

    /// <summary>Lets it go on when this is disposed of, for a host to come.</summary>
    public void Leave() => _leave.Cancel();

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
        if (_leave.IsCancellationRequested)
        {
            await _ended.ConfigureAwait(false);
        }
        else if (!await EndAsync(TimeSpan.Zero).ConfigureAwait(false))
        {
            return;
        }

        _process?.Dispose();
        _output.Dispose();
        _drain.Dispose();
        _leave.Dispose();
    }

    private async Task WatchAsync()
    {
        var copied = _output.CopyAsync(_process, _drain.Token);
        try
        {
            await WaitForExitAsync(_leave.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await (Group with { OwnsNumber = _process is not null }).EndAsync(_grace, _time).ConfigureAwait(false);
        await OutputLog.DrainAsync(copied, _drain, _time).ConfigureAwait(false);
    }

    /// <summary>A process that is not a child can only be looked at, and so can a file that others write.</summary>
    private async Task WaitForExitAsync(CancellationToken cancellationToken)
    {
        while (!HasEnded())
        {
            if (_output.IsTooLong && !_isTooLong)
            {
                _isTooLong = true;
                await Group.EndAsync(TimeSpan.Zero, _time).ConfigureAwait(false);
            }

            var look = Task.Delay(_process is null ? Look : LongLook, _time, cancellationToken);
            await Task.WhenAny(_process?.WaitForExitAsync(cancellationToken) ?? look, look).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private bool HasEnded() => _process is not null ? _process.HasExited : Group.Leader?.IsAlive() != true;
}
