using System.Diagnostics;

namespace Beep.Trainer.Tests;

/// <summary>The worker as a process of its own.</summary>
internal static class TrainerProcess
{
    public static Process Start(params string[] arguments) => StartUnder([], arguments);

    /// <summary>Starts the worker through another program, such as one that limits it.</summary>
    public static Process StartUnder(string[] wrapper, params string[] arguments)
    {
        string[] command = [.. wrapper, Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "beep-trainer.exe" : "beep-trainer"), .. arguments];
        return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Runs the worker to its end.</summary>
    public static async Task<(int ExitCode, string Error)> RunUnderAsync(string[] wrapper, string[] arguments, CancellationToken cancellation)
    {
        using var process = StartUnder(wrapper, arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = await process.StandardError.ReadToEndAsync(cancellation);
        await output;
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, error);
    }
}
