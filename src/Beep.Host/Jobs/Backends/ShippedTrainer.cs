using Beep.Contracts;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning;

namespace Beep.Host.Jobs.Backends;

/// <summary>The trainer that ships with the program, which needs nothing and computes on processors.</summary>
/// <param name="locate">Where it is; asked when one is started.</param>
internal sealed class ShippedTrainer(Func<TrainerProgram> locate) : IWorkerBackend
{
    public Backend Kind => Backend.Torchsharp;

    public static WorkerCommand Train(TrainerProgram trainer, JobFolder folder) => new(trainer.FileName, [.. trainer.Prefix, "train", folder.Root]);

    public Task<(Placement Placement, IReadOnlyList<PlanProblem> Problems)> CompleteAsync(Placement wanted, JobSpec spec, CancellationToken cancellationToken)
    {
        List<PlanProblem> problems = [];
        if ((wanted.Gpus ?? wanted.Devices?.Count ?? 0) > 0)
        {
            problems.Add(PlanProblem.Error("no_gpu_backend", "The shipped trainer computes on processors and uses no GPU.", "Leave the GPUs out, or choose another backend.", "placement.gpus").MendedBy("backend", SpecWriter.WireName(Backend.Transformers)));
        }

        if (wanted.Cluster?.Nodes > 1)
        {
            problems.Add(PlanProblem.Error("one_process", "The shipped trainer is one process and cannot use several nodes.", "Ask for one node, or choose another backend.", "placement.cluster.nodes").MendedBy("backend", SpecWriter.WireName(Backend.Transformers)));
        }

        // What only other backends need is forgotten when somebody comes back to this one.
        return Task.FromResult<(Placement, IReadOnlyList<PlanProblem>)>((wanted with { Environment = null, CustomBackend = null }, problems));
    }

    public Task<WorkerCommand> FindAsync(JobSpec spec, Placement placement, JobFolder folder, CancellationToken cancellationToken) => Task.FromResult(Train(locate(), folder));
}
