using Beep.Contracts;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning;

namespace Beep.Host.Jobs.Backends;

/// <summary>A kind of worker: what it needs of a placement, and how it is started.</summary>
internal interface IWorkerBackend
{
    Backend Kind { get; }

    /// <summary>The placement with what this backend chooses where nobody did, and all that stands in its way.</summary>
    Task<(Placement Placement, IReadOnlyList<PlanProblem> Problems)> CompleteAsync(Placement wanted, JobSpec spec, CancellationToken cancellationToken);

    /// <summary>How the worker of a job is started.</summary>
    /// <exception cref="FaultException">It is not there, or may not be used any more.</exception>
    Task<WorkerCommand> FindAsync(JobSpec spec, Placement placement, JobFolder folder, CancellationToken cancellationToken);

    /// <summary>The container in which the worker of a job runs that was started before; null for none, or where nobody knows it any more.</summary>
    Task<WorkerContainer?> FindContainerAsync(Placement placement, JobFolder folder, CancellationToken cancellationToken) => Task.FromResult<WorkerContainer?>(null);
}
