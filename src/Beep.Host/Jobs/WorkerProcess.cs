using System.ComponentModel;
using System.Diagnostics;
using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Jobs;

/// <summary>Starts the worker program: no shell, arguments as a list, an environment of allowed names, nothing on stdin.</summary>
internal static class WorkerProcess
{
    // In a session of its own a worker does not get the terminal's Ctrl+C: the host asks it to stop, once, and waits.
    private const string SetSession = "/usr/bin/setsid";

    /// <summary>Starts it.</summary>
    /// <param name="program">What to start.</param>
    /// <param name="arguments">The worker's own arguments.</param>
    /// <param name="workingFolder">Null keeps the host's.</param>
    /// <param name="sharesTerminal">Whether it writes to the host's stdout and gets the terminal's signals.</param>
    /// <exception cref="FaultException">The system refuses.</exception>
    public static Process Start(TrainerProgram program, IReadOnlyList<string> arguments, string? workingFolder = null, bool sharesTerminal = false)
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
