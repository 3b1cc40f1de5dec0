using Beep.Contracts;
using Beep.Host.Environments;
using Beep.Host.Environments.Stored;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Backends;

/// <summary>The Hugging Face worker, in an environment that has its libraries.</summary>
internal sealed class TransformersWorkers(EnvironmentDirectory environments, TaskOptions tasks) : IWorkerBackend
{
    private const string Field = "placement.environment";

    public Backend Kind => Backend.Transformers;

    public async Task<(Placement Placement, IReadOnlyList<PlanProblem> Problems)> CompleteAsync(Placement wanted, JobSpec spec, CancellationToken cancellationToken)
    {
        var method = SpecWriter.WireName(spec.Method);
        var placement = wanted with { CustomBackend = null };
        PythonEnvironment? environment;
        if (wanted.Environment is { } name)
        {
            environment = await environments.FindAsync(name, cancellationToken).ConfigureAwait(false);
            if (environment is null)
            {
                return (placement, [PlanProblem.Error("environment_not_found", $"There is no environment '{name}'.", "Choose one of the list of environments.", Field)]);
            }

            if (environment.State != EnvironmentState.Ready)
            {
                return (placement, [PlanProblem.Error("environment_not_ready", $"The environment '{name}' is not ready.", "Wait until it is, verify or repair it, or choose another one.", Field)]);
            }
        }
        else
        {
            var ready = await environments.ListReadyAsync(cancellationToken).ConfigureAwait(false);
            environment = ready.FirstOrDefault(known => Obstacle(known, method) is null) ?? (ready.Count > 0 ? ready[0] : null);
            if (environment is null)
            {
                var other = BackendAbilities.Does(Backend.Torchsharp, spec.Method) && BackendAbilities.Does(Backend.Torchsharp, spec.Task) ? SpecWriter.WireName(Backend.Torchsharp) : null;
                return (placement, [PlanProblem.Error("no_environment", "The backend 'transformers' needs a Python environment with its libraries, and none is ready.", "Create one under Environments, or with beep env create.", Field).MendedBy("backend", other)]);
            }

            placement = placement with { Environment = environment.Name };
        }

        if (placement is { Executor: Placement.Local, Gpus: null, Devices: null } && tasks.Gpus.Count > 0)
        {
            placement = placement with { Gpus = 1 };
        }

        return (placement, Hindrance(environment, spec) is { } hindrance ? [hindrance] : []);
    }

    public async Task<WorkerCommand> FindAsync(JobSpec spec, Placement placement, JobFolder folder, CancellationToken cancellationToken)
    {
        var environment = placement.Environment is { } name ? await environments.FindAsync(name, cancellationToken).ConfigureAwait(false) : null;
        if (environment is not { State: EnvironmentState.Ready })
        {
            throw FaultException.Failed("environment_not_ready", $"The environment '{placement.Environment}' is not there any more, or not ready.", "Repair it, or clone the job and choose another one.", Field);
        }

        return Train(environment, PythonWorker.Locate(AppContext.BaseDirectory), folder);
    }

    /// <summary>The command of one process, which torchrun can make several of.</summary>
    public static WorkerCommand Train(PythonEnvironment environment, PythonWorker worker, JobFolder folder) =>
        new(environment.PythonPath, ["-m", PythonWorker.Module, "train", folder.Root]) { Environment = worker.Variables(environment.IsCreatedHere), InterpreterArguments = 0 };

    /// <summary>What of a spec an environment cannot do; null for nothing.</summary>
    public static PlanProblem? Hindrance(PythonEnvironment environment, JobSpec spec) => SpecWriter.WireName(spec.Method) is var method && Obstacle(environment, method) is { } obstacle
        ? PlanProblem.Error("method_unavailable", $"The environment '{environment.Name}' cannot do '{method}': {obstacle.TrimEnd('.')}.", "Choose another environment or method, or add what is missing and verify the environment.", "method")
        : null;

    /// <summary>Why an environment cannot do a method; null where it can. One that never said is believed.</summary>
    private static string? Obstacle(PythonEnvironment environment, string method) => environment.Methods.GetValueOrDefault(method);
}
