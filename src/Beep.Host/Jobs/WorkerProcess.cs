using System.ComponentModel;
using System.Diagnostics;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Jobs;

/// <summary>Starts the worker program: no shell, arguments as a list, an environment of allowed names, nothing on stdin.</summary>
internal static class WorkerProcess
{
    // In a session of its own a worker does not get the terminal's Ctrl+C: the host asks it to stop, once, and waits.
    private const string SetSession = "/usr/bin/setsid";

    /// <summary>Starts the worker of a job.</summary>
    /// <exception cref="FaultException">The system refuses.</exception>
    public static Process Start(WorkerCommand command, string workingFolder) => Start(new TrainerProgram(command.FileName, []), command.Arguments, workingFolder, sharesTerminal: false, command.Environment);

    /// <summary>Starts it.</summary>
    /// <param name="program">What to start.</param>
    /// <param name="arguments">The worker's own arguments.</param>
    /// <param name="workingFolder">Null keeps the host's.</param>
    /// <param name="sharesTerminal">Whether it writes to the host's stdout and gets the terminal's signals.</param>
    /// <param name="variables">Added to those that every worker gets.</param>
    /// <exception cref="FaultException">The system refuses.</exception>
    public static Process Start(TrainerProgram program, IReadOnlyList<string> arguments, string? workingFolder = null, bool sharesTerminal = false, IReadOnlyDictionary<string, string>? variables = null)
    {
        if (!File.Exists(program.FileName))
        {
            throw FaultException.Failed("worker_not_started", $"The worker '{program.FileName}' is not there.", "Build it with ./beep, or unpack the product again, whole.", program.FileName);
        }

        var ownSession = !sharesTerminal && OperatingSystem.IsLinux() && File.Exists(SetSession);
        var start = new ProcessStartInfo(ownSession ? SetSession : program.FileName)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = !sharesTerminal,
            RedirectStandardError = true,
            WorkingDirectory = workingFolder ?? "",
        };
        WorkerEnvironment.Fill(start.Environment, Environment.GetEnvironmentVariables());
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        if (ownSession)
        {
            start.ArgumentList.Add(program.FileName);
        }

        foreach (var argument in program.Prefix.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            var process = Process.Start(start) ?? throw new InvalidOperationException("no process was made");
            process.StandardInput.Close();
            return process;
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            throw FaultException.Failed("worker_not_started", $"The worker '{program.FileName}' cannot be started: {error.Message}", "Run ./beep doctor.", program.FileName, error);
        }
    }
}
