using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Planning.Server;
using Beep.Host.Jobs.Stored;
using Beep.Host.Jobs.Training;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Lifecycle;

/// <content>Who is next.</content>
internal sealed partial class JobService
{
    /// <summary>Hands over to this host's tasks whatever there is room for; how many that were.</summary>
    public Task<int> HandOverAsync(CancellationToken cancellationToken) => ChangeAsync(HandOverAsync, cancellationToken);

    /// <summary>As the other, in a transaction that is under way and whose changes of jobs are saved.</summary>
    private async Task<int> HandOverAsync(JobChange change, CancellationToken cancellationToken)
    {
        var picked = await queue.PickAsync(change, cancellationToken);
        foreach (var waiting in picked)
        {
            var job = await change.FineTune.Set<Job>().SingleAsync(row => row.Seq == waiting.Seq, cancellationToken);
            var placement = Placement.Read(job.Placement);
            var gpuBytes = Tasks.ResourceClass.GpusOf(placement.ResourceClass) > 0 ? JobPlan.MemoryIn(job.Plan) : null;
            var wanted = TrainInput.TaskFor(paths, new JobFolder(paths.Job(job.Id)), $"Train {job.Name}", job.OwnerId, job.Id, placement, gpuBytes);
            job.TaskId = (await tasks.EnqueueAsync(change.Host, wanted, AuditActors.System, cancellationToken)).Id;
            change.HasTask = true;
            change.Tell(job, AuditActors.System, "handed_over", "It is its turn.");
        }

        return picked.Count;
    }

    /// <summary>Removes files of a job while nobody can begin it; false where it is in hand, or there was nothing.</summary>
    /// <param name="id">Which.</param>
    /// <param name="artifact">The artifact that they are; null for none.</param>
    /// <param name="remove">Removes them; whether there were any.</param>
    /// <param name="cancellationToken">Stops before.</param>
    public Task<bool> RemoveFilesAsync(string id, string? artifact, Func<bool> remove, CancellationToken cancellationToken) => ChangeAsync(async (change, token) =>
    {
        var job = await change.FineTune.Set<Job>().SingleOrDefaultAsync(found => found.Id == id, token);
        if (job is null || job.State.IsActive() || !remove())
        {
            return false;
        }

        if (artifact is not null)
        {
            await change.FineTune.Set<Artifact>().Where(row => row.JobSeq == job.Seq && row.Name == artifact && row.RemovedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.RemovedAt, change.Now), token);
            change.Tell(job, AuditActors.System, "artifact_removed", $"The artifact {artifact} was removed to make room.", fields: [artifact]);
        }

        return true;
    }, cancellationToken);
}
