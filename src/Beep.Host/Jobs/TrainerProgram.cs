using Beep.Contracts;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Jobs;

/// <summary>How the worker program is started.</summary>
/// <param name="FileName">The executable.</param>
/// <param name="Prefix">Arguments before the worker's own.</param>
internal sealed record TrainerProgram(string FileName, IReadOnlyList<string> Prefix)
{
    private const string Name = "beep-trainer";

    /// <summary>
    /// Finds the worker for a host in <paramref name="hostFolder"/>: in <c>trainer/</c> beside it (a distribution), else in the
    /// build output of the same configuration (a checkout).
    /// </summary>
    /// <exception cref="FaultException">It is in neither place.</exception>
    public static TrainerProgram Locate(string hostFolder)
    {
        var host = new DirectoryInfo(Path.TrimEndingDirectorySeparator(Path.GetFullPath(hostFolder)));
        var distributed = Path.Combine(host.FullName, "trainer");
        // artifacts/bin/<project>/<configuration>
        var built = host.Parent?.Parent is { } output ? Path.Combine(output.FullName, "Beep.Trainer", host.Name) : distributed;
        return In(distributed) ?? In(built)
            ?? throw FaultException.Failed("trainer_not_found", $"The worker '{Name}' is neither in '{distributed}' nor in '{built}'.", "Build it with ./beep, or unpack the product again, whole.");
    }

    private static TrainerProgram? In(string folder)
    {
        var executable = Path.Combine(folder, OperatingSystem.IsWindows() ? Name + ".exe" : Name);
        if (File.Exists(executable))
        {
            return new TrainerProgram(executable, []);
        }

        var library = Path.Combine(folder, Name + ".dll");
        return File.Exists(library) ? new TrainerProgram(DotnetRuntime.Executable, [library]) : null;
    }
}
