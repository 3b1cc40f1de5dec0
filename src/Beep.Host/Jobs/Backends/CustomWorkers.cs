using Beep.Contracts;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Backends;

/// <summary>Workers that an admin has registered.</summary>
internal sealed class CustomWorkers(BackendService backends, TaskOptions tasks) : IWorkerBackend
{
    private const string Field = "placement.custom_backend";

    public Backend Kind => Backend.Custom;

    public async Task<(Placement Placement, IReadOnlyList<PlanProblem> Problems)> CompleteAsync(Placement wanted, JobSpec spec, CancellationToken cancellationToken)
    {
        var placement = wanted with { Environment = null };
        if (wanted.CustomBackend is not { } name)
        {
            var known = (await backends.ListAsync(new PageRequest(null, PageRequest.MaxSize), isWhole: false, cancellationToken).ConfigureAwait(false)).Items.Where(backend => backend.IsEnabled).ToList();
            var problem = PlanProblem.Error("no_custom_backend", "The backend is 'custom', but no registered one is named.", known.Count == 0 ? "An admin can register one under Backends." : $"Name one of: {string.Join(", ", known.Select(backend => backend.Name))}.", Field);
            return (placement, [known.Count == 1 ? problem.MendedBy(Field, known[0].Name) : problem]);
        }

        if (await backends.FindAsync(name, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            return (placement, [PlanProblem.Error("backend_not_found", $"No backend '{name}' is registered.", "Choose one of the list of backends.", Field)]);
        }

        if (!found.IsEnabled)
        {
            return (placement, [PlanProblem.Error("backend_off", $"The backend '{name}' is switched off.", "Choose another one, or ask an admin.", Field)]);
        }

        var definition = BackendView.ReadDefinition(found);
        if (placement.Executor == Placement.Local && placement is { Gpus: null, Devices: null } && Math.Min(definition.Gpus, tasks.Gpus.Count) is > 0 and var gpus)
        {
            placement = placement with { Gpus = gpus };
        }
        else if (placement is { Executor: Placement.Slurm, Cluster: { GpusPerNode: null } request } && definition.Gpus > 0)
        {
            placement = placement with { Cluster = request with { GpusPerNode = definition.Gpus } };
        }

        return (placement, placement.Cluster?.Nodes > 1
            ? [PlanProblem.Error("one_process", $"The backend '{name}' is one process and cannot use several nodes.", "Ask for one node.", "placement.cluster.nodes").MendedBy("placement.cluster.nodes", 1)]
            : []);
    }

    public async Task<WorkerCommand> FindAsync(JobSpec spec, Placement placement, JobFolder folder, CancellationToken cancellationToken)
    {
        var found = placement.CustomBackend is { } name ? await backends.FindAsync(name, cancellationToken).ConfigureAwait(false) : null;
        return found is { IsEnabled: true }
            ? CustomCommand.For(BackendView.ReadDefinition(found), spec, folder, (placement.Devices?.Count ?? placement.Gpus ?? placement.Cluster?.GpusPerNode ?? 0) > 0, Environment.GetEnvironmentVariable)
            : throw FaultException.Failed("backend_off", $"The backend '{placement.CustomBackend}' was taken away or switched off.", "Clone the job and choose another one.", Field);
    }

    public async Task<WorkerContainer?> FindContainerAsync(Placement placement, JobFolder folder, CancellationToken cancellationToken) =>
        placement.CustomBackend is { } name && await backends.FindAsync(name, cancellationToken).ConfigureAwait(false) is { } found
            ? CustomCommand.ContainerOf(BackendView.ReadDefinition(found), folder)
            : null;
}
