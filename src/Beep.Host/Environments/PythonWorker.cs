using Beep.Contracts;

namespace Beep.Host.Environments;

/// <summary>Where the Python worker <c>beep_trainer</c> lies, and how an environment's interpreter is told to run it.</summary>
/// <param name="Folder">The folder that holds the package, absolute.</param>
internal sealed record PythonWorker(string Folder)
{
    /// <summary>What is run: <c>python -m beep_trainer</c>.</summary>
    public const string Module = "beep_trainer";

    /// <summary>PyTorch's <c>torchrun</c> with all its options, also of builds that it does not start by itself in.</summary>
    public const string Launcher = Module + ".machine.torchrun";

    private static readonly string InDistribution = Path.Combine("workers", "huggingface");

    /// <summary>
    /// Finds the worker for a host in <paramref name="hostFolder"/>: in <c>workers/huggingface</c> beside it (a distribution), else in a
    /// folder above it that has it (a checkout).
    /// </summary>
    /// <exception cref="FaultException">It is in neither place.</exception>
    public static PythonWorker Locate(string hostFolder)
    {
        for (var folder = new DirectoryInfo(Path.TrimEndingDirectorySeparator(Path.GetFullPath(hostFolder))); folder is not null; folder = folder.Parent)
        {
            var place = Path.Combine(folder.FullName, InDistribution);
            if (Directory.Exists(Path.Combine(place, Module)))
            {
                return new PythonWorker(place);
            }
        }

        throw FaultException.Failed("worker_not_found", $"The Python worker '{InDistribution}' is neither beside the program in '{hostFolder}' nor in a folder above it.", "Unpack the product again, whole.");
    }

    /// <summary>Variables for a process of the worker, to be added to those that every worker gets.</summary>
    /// <param name="isCreatedHere">Whether the host made the environment: packages of the user are then left out.</param>
    public IReadOnlyDictionary<string, string> Variables(bool isCreatedHere)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PYTHONPATH"] = Folder,
            ["PYTHONUNBUFFERED"] = "1",
            ["PYTHONUTF8"] = "1",
            // The worker's folder may be read-only, and is the same for every version of Python.
            ["PYTHONDONTWRITEBYTECODE"] = "1",
            ["HF_HUB_OFFLINE"] = "1",
            ["TRANSFORMERS_OFFLINE"] = "1",
        };
        if (isCreatedHere)
        {
            variables["PYTHONNOUSERSITE"] = "1";
        }

        return variables;
    }
}
