using Beep.Contracts;

namespace Beep.Host.Jobs.Placing;

/// <summary>Says how the worker of a job is started: the shipped trainer.</summary>
/// <param name="locateTrainer">Where the shipped trainer is.</param>
internal sealed class WorkerCommands(Func<TrainerProgram> locateTrainer)
{
    /// <exception cref="FaultException">The worker is not there, or may not be used any more.</exception>
    public Task<WorkerCommand> FindAsync(JobSpec spec, Placement placement, JobFolder folder, CancellationToken cancellationToken) => spec.Backend switch
    {
        Backend.Torchsharp => Task.FromResult(OfTrainer(locateTrainer(), folder)),
        _ => throw FaultException.Invalid("backend_not_built", $"No worker is known for the backend '{SpecWriter.WireName(spec.Backend)}'.", "Choose another backend.", "backend"),
    };

    public static WorkerCommand OfTrainer(TrainerProgram trainer, JobFolder folder) => new(trainer.FileName, [.. trainer.Prefix, "train", folder.Root]);
}
