using Beep.Contracts;
using Beep.Host.Environments;
using Beep.Host.Environments.Runtimes;
using Beep.Host.Hosting;

namespace Beep.Host.Doctor;

/// <summary>Whether there is a Python that environments of the Hugging Face stack can be made from; the trainer that ships needs none.</summary>
internal static class PythonCheck
{
    private const string Name = "Python";
    private const string WorkerName = "Worker";

    public static async Task<IReadOnlyList<DoctorFinding>> RunAsync(Func<string, string?> variable, string programFolder, TimeProvider time, CancellationToken cancellationToken)
    {
        using var finder = new RuntimeFinder(RuntimePlaces.OfMachine(variable, programFolder), time);
        var found = await finder.ListAsync(isFresh: true, cancellationToken).ConfigureAwait(false);
        return [Runtimes(found, finder.FindUv()), Worker(programFolder)];
    }

    private static DoctorFinding Runtimes(IReadOnlyList<PythonRuntime> found, string? uv)
    {
        if (found.FirstOrDefault(runtime => runtime.Problem is null) is { } best)
        {
            var count = found.Count(runtime => runtime.Problem is null);
            return DoctorFinding.Ok(Name, $"{Units.Count(count, "runtime")} for environments, the newest {best.Version} at '{best.Path}'{(uv is null ? "" : $"; uv at '{uv}'")}; the shipped trainer needs none");
        }

        return found.Count == 0
            ? DoctorFinding.Ok(Name, "none found; the shipped trainer needs none")
            : DoctorFinding.Warn(Name, $"no environment can be made from '{found[0].Path}': {found[0].Problem!.TrimEnd('.')}", $"Install Python {PythonRuntime.Least} or later with venv; the shipped trainer needs none.");
    }

    private static DoctorFinding Worker(string programFolder)
    {
        try
        {
            return DoctorFinding.Ok(WorkerName, $"the Python worker is in '{PythonWorker.Locate(programFolder).Folder}'");
        }
        catch (FaultException fault)
        {
            return DoctorFinding.Warn(WorkerName, "the Python worker did not come with the program", $"{fault.Faults[0].Remedy} Only jobs in Python environments need it.");
        }
    }
}
