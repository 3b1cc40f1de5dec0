using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Specs;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Lifecycle;

/// <content>What people do with a job that is there.</content>
internal sealed partial class JobService
{
    /// <summary>Takes a draft to be looked at; nobody else starts it meanwhile.</summary>
    public Task<Job> BeginStartAsync(string id, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(id, (change, job, _) =>
    {
        if (job.State != JobState.Draft)
        {
            throw JobFaults.WrongState(job, "a draft is started", "Restart or resume one that has ended.");
        }

        change.Move(job, JobState.Validating, actor, "validating", "Being looked at before it is queued.");
        return Task.CompletedTask;
    }, cancellationToken);

    /// <summary>Queues a draft that was looked at and found to be good.</summary>
    public Task<Job> CompleteStartAsync(string id, JobSpec spec, RowSplit? split, string plan, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(id, async (change, job, token) =>
    {
        await RequireRoomAsync(change, job, token);
        (job.Plan, job.QueuedAt) = (plan, change.Now);
        change.Move(job, JobState.Queued, actor, "queued", "Queued.");
        await change.FineTune.SaveChangesAsync(token);
        WriteFolder(id, spec, split);
        await HandOverAsync(change, token);
    }, cancellationToken);

    /// <summary>Gives a draft back that was looked at and cannot start; its plan says why.</summary>
    public Task<Job> RefuseStartAsync(string id, string? plan, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(id, (change, job, _) =>
    {
        job.Plan = plan ?? job.Plan;
        change.Move(job, JobState.Draft, actor, "start_refused", "It cannot start as it is; the plan says why.");
        return Task.CompletedTask;
    }, cancellationToken);

    /// <summary>Stops it. Asking twice is the same as once.</summary>
    /// <exception cref="HttpFaultException">409: it has ended.</exception>
    public async Task<Job> CancelAsync(string id, AuditActor actor, CancellationToken cancellationToken)
    {
        var job = await ChangeAsync(id, (change, found, _) =>
        {
            switch (found.State)
            {
                case JobState.Cancelling:
                    break;
                case JobState.Queued when found.TaskId is null:
                    found.FinishedAt = change.Now;
                    change.Move(found, JobState.Cancelled, actor, "cancelled", "Cancelled before it began.");
                    break;
                case JobState.Queued or JobState.Running:
                    change.Move(found, JobState.Cancelling, actor, "cancel_requested", "Asked to save a checkpoint and stop.");
                    break;
                case JobState.Draft or JobState.Validating:
                    throw JobFaults.WrongState(found, "one that waits or runs is cancelled", "Delete a draft that is not wanted.");
                default:
                    throw JobFaults.Finished(found);
            }

            return Task.CompletedTask;
        }, cancellationToken);
        if (job is { State: JobState.Cancelling, TaskId: { } taskId } && await taskReader.FindAsync(taskId, cancellationToken) is { } task)
        {
            await tasks.CancelAsync(task, actor, cancellationToken);
            // One that waited has ended by that.
            await SettleAsync(id, cancellationToken);
        }

        return await FindAsync(id, cancellationToken) ?? job;
    }

    /// <summary>Begins from nothing: what the former run left is removed.</summary>
    public async Task<Job> RestartAsync(string id, AuditActor actor, CancellationToken cancellationToken)
    {
        PutAside? aside = null;
        try
        {
            var restarted = await ChangeAsync(id, async (change, job, token) =>
            {
                RequireEnded(job, "one that has ended is restarted");
                if ((await KeptArtifactsAsync(change, job, token)).Count > 0)
                {
                    throw HttpFaultException.Conflict("job_registered", $"A model in the registry is made of what the job '{id}' trained.", "Clone the job and start the clone.");
                }

                await RequireRoomAsync(change, job, token);
                await RemoveArtifactRowsAsync(change, job, token);
                Reset(job, change.Now);
                change.Move(job, JobState.Queued, actor, "restarted", "Queued again, to begin from nothing.");
                await change.FineTune.SaveChangesAsync(token);
                aside = JobFiles.ClearForRestart(RequireFolder(job));
                await HandOverAsync(change, token);
            }, cancellationToken);
            aside?.Dispose();
            return restarted;
        }
        catch
        {
            aside?.Restore();
            aside?.Dispose();
            throw;
        }
    }

    /// <summary>Goes on from the last checkpoint.</summary>
    public Task<Job> ResumeAsync(string id, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(id, async (change, job, token) =>
    {
        if (job.State is not (JobState.Cancelled or JobState.Failed))
        {
            throw JobFaults.WrongState(job, "one that was cancelled or has failed is resumed", job.State.IsActive() ? "Wait until it has ended." : "Restart it, or clone it.");
        }

        if (RequireFolder(job).ListCheckpoints() is not { Count: > 0 } checkpoints)
        {
            throw HttpFaultException.Conflict("no_checkpoint", $"The job '{id}' saved no checkpoint.", "Restart it: it begins from nothing.");
        }

        await RequireRoomAsync(change, job, token);
        (job.TaskId, job.QueuedAt, job.FinishedAt, job.Summary, job.Step) = (null, change.Now, null, null, checkpoints[^1].Step);
        JobChange.SetFault(job, null);
        change.Move(job, JobState.Queued, actor, "resumed", $"Queued again, to go on from step {Hosting.Units.Count(checkpoints[^1].Step)}.");
        await change.FineTune.SaveChangesAsync(token);
        await HandOverAsync(change, token);
    }, cancellationToken);

    private static void RequireEnded(Job job, string wanted)
    {
        if (!job.State.IsEnd())
        {
            throw job.State.IsActive() ? JobFaults.Active(job, "Cancel it first, or wait until it has ended.") : JobFaults.WrongState(job, wanted, "Start it.");
        }
    }

    private JobFolder RequireFolder(Job job)
    {
        var folder = new JobFolder(paths.Job(job.Id));
        return File.Exists(folder.Spec)
            ? folder
            : throw HttpFaultException.Conflict("job_files_gone", $"The files of the job '{job.Id}' were removed.", "Clone the job and start the clone.");
    }

    private static void Reset(Job job, DateTimeOffset now)
    {
        (job.TaskId, job.QueuedAt, job.StartedAt, job.FinishedAt, job.Summary) = (null, now, null, null, null);
        (job.Step, job.TotalSteps, job.Loss, job.EvaluationLoss, job.TrainedTokens) = (0, 0, null, null, 0);
        JobChange.SetFault(job, null);
    }
}
