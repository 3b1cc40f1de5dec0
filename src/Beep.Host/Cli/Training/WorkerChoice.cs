using Beep.Contracts;
using Beep.Host.Environments;
using Beep.Host.Environments.Stored;
using Beep.Host.Jobs.Backends;
using Beep.Host.Jobs.Placing;

namespace Beep.Host.Cli.Training;

/// <summary>What runs a job of the command line.</summary>
internal static class WorkerChoice
{
    private const string EnvironmentOption = "--environment";
    private const string PythonOption = "--python";

    /// <summary>How the worker of the spec's backend is started.</summary>
    /// <exception cref="FaultException">Exit code 20: it needs something that is not here, or cannot do what the spec asks for.</exception>
    public static async Task<Func<JobFolder, WorkerCommand>> FindAsync(HostServices services, JobSpec spec, PythonChoice python, CancellationToken cancellationToken)
    {
        switch (spec.Backend)
        {
            case Backend.Custom:
                throw FaultException.Invalid("needs_server", "The backend 'custom' is a program that an administrator registers on a server; the command line has none.", "Make the job on a server, or choose --backend transformers or torchsharp.", "backend");
            case Backend.Torchsharp when python.Arguments is [var option, ..]:
                throw FaultException.Invalid("not_for_backend", $"{option} is for the backend 'transformers', but the job runs on 'torchsharp'.", $"Add --backend transformers, or leave {option} out.", option);
            case Backend.Torchsharp:
                var trainer = services.LocateTrainer();
                return folder => ShippedTrainer.Train(trainer, folder);
            default:
                var environment = await FindPythonAsync(services, spec, python, cancellationToken).ConfigureAwait(false);
                var worker = services.PythonWorker?.Invoke() ?? PythonWorker.Locate(services.ProgramFolder);
                return folder => TransformersWorkers.Train(environment, worker, folder);
        }
    }

    private static async Task<PythonEnvironment> FindPythonAsync(HostServices services, JobSpec spec, PythonChoice python, CancellationToken cancellationToken)
    {
        if (python is { Environment: not null, Path: not null })
        {
            throw FaultException.Invalid("two_pythons", $"Both {EnvironmentOption} and {PythonOption} say which Python is to run the worker.", "Name one of the two.", PythonOption);
        }

        if (python.Path is { } path)
        {
            var interpreter = FindInterpreter(services, path)
                ?? throw FaultException.Invalid("python_not_found", $"There is no program '{path}'.", "Name the python3 of an environment that has torch, transformers and peft.", PythonOption);
            return new PythonEnvironment(path, interpreter, EnvironmentState.Ready, new Dictionary<string, string?>());
        }

        var environment = Choose(await Databases.EnvironmentLookup.ListAsync(services, cancellationToken).ConfigureAwait(false), python.Environment);
        return TransformersWorkers.Hindrance(environment, spec) is { } problem
            ? throw new FaultException(WorkerExitCode.Invalid, problem.Fault)
            : environment;
    }

    private static PythonEnvironment Choose(IReadOnlyList<PythonEnvironment> environments, string? name)
    {
        var ready = environments.Where(environment => environment.State == EnvironmentState.Ready).ToList();
        var names = string.Join(", ", ready.Select(environment => environment.Name));
        if (name is null)
        {
            return ready switch
            {
                [var one] => one,
                [] => throw FaultException.Invalid(
                    "no_environment",
                    "The backend 'transformers' needs a Python environment with its libraries, and none is ready.",
                    $"Create one with {CommandLineText.Call("env", "create", "NAME")}, or name a Python that has them with {PythonOption} PATH.",
                    EnvironmentOption),
                _ => throw FaultException.Invalid("which_environment", $"Several environments are ready: {names}.", $"Say which: {EnvironmentOption} NAME.", EnvironmentOption),
            };
        }

        return environments.FirstOrDefault(environment => environment.Name == name) switch
        {
            null => throw FaultException.Invalid("environment_not_found", $"There is no environment '{name}'.", ready.Count > 0 ? $"Known: {names}." : $"Create it with {CommandLineText.Call("env", "create", name)}.", EnvironmentOption),
            { State: EnvironmentState.Ready } found => found,
            _ => throw FaultException.Invalid("environment_not_ready", $"The environment '{name}' is not ready.", $"See what it lacks with {CommandLineText.Call("env", "verify", name)}.", EnvironmentOption),
        };
    }

    /// <summary>A path, or a name that the search path knows.</summary>
    private static string? FindInterpreter(HostServices services, string path)
    {
        var places = Path.GetFileName(path) == path ? (services.Variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, path)) : [];
        return places.Prepend(Path.GetFullPath(path)).FirstOrDefault(File.Exists);
    }
}
