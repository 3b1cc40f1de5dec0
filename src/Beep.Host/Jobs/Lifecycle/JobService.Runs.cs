using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Lifecycle;

/// <content>What a run says of its job, and what is made of jobs whose run can say nothing any more.</content>
internal sealed partial class JobService
{
    /// <summary>A run begins, or goes on in another host. False: the job is not to run.</summary>
    public Task<bool> BeginAsync(JobTurn turn, bool isAdopted, CancellationToken cancellationToken) => RunAsync(turn, (change, job, _, _) =>
    {
        if (job.State == JobState.Queued)
        {
            job.StartedAt = change.Now;
            change.Move(job, JobState.Running, AuditActors.System, "started", turn.Attempt > 1 ? $"Begun again, for the {turn.Attempt}. time." : "Begun.");
        }
        else if (isAdopted)
        {
            change.Tell(job, AuditActors.System, "adopted", "The server was started again; the run had gone on without it.");
        }

        // One that is being cancelled is watched to its end, and not begun.
        return Task.FromResult(job.State == JobState.Running || isAdopted);
    }, cancellationToken);

    /// <summary>Keeps what happened to a run where it is done, which changes no state.</summary>
    public Task NoteAsync(JobTurn turn, string type, string message, CancellationToken cancellationToken) => RunAsync(turn, (change, job, _, _) =>
    {
        change.Tell(job, AuditActors.System, type, message);
        return Task.FromResult(true);
    }, cancellationToken);

    /// <summary>Something about a run is to be read anew that is not stored here.</summary>
    public void Changed() => signals.Changed();

    /// <summary>Keeps how far a run is. It makes no revision: nothing depends on it.</summary>
    /// <param name="turn">Which run.</param>
    /// <param name="progress">How far.</param>
    /// <param name="held">How long devices were held since the last report.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task ReportAsync(JobTurn turn, JobProgress progress, TimeSpan held, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var seconds = held.TotalSeconds;
        await context.Set<Job>().Where(job => job.Id == turn.JobId && job.TaskId == turn.TaskId && (job.State == JobState.Running || job.State == JobState.Cancelling))
            .ExecuteUpdateAsync(set => set
                .SetProperty(job => job.Step, progress.Step)
                .SetProperty(job => job.TotalSteps, progress.TotalSteps)
                .SetProperty(job => job.Loss, progress.Loss)
                .SetProperty(job => job.EvaluationLoss, progress.EvaluationLoss)
                .SetProperty(job => job.TrainedTokens, progress.Tokens)
                .SetProperty(job => job.DeviceSeconds, job => job.DeviceSeconds + seconds), cancellationToken).ConfigureAwait(false);
        signals.Changed();
    }

    /// <summary>A run has ended by itself.</summary>
    public async Task EndAsync(JobTurn turn, JobEnd end, CancellationToken cancellationToken)
    {
        // Before the transaction: the hashes of large models take their time.
        var found = end.State == JobState.Succeeded ? await FindArtifactsAsync(turn.JobId, cancellationToken).ConfigureAwait(false) : [];
        await RunAsync(turn, async (change, job, _, token) =>
        {
            await FinishAsync(change, job, end, found, token);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A run was made to stop: for good where that was wanted, else until another host takes it.</summary>
    public Task StopAsync(JobTurn turn, CancellationToken cancellationToken) => RunAsync(turn, async (change, job, task, token) =>
    {
        if (job.State == JobState.Cancelling || task.CancelRequestedAt is not null)
        {
            await FinishAsync(change, job, new JobEnd(JobState.Cancelled), [], token);
        }
        else if (job.State == JobState.Running)
        {
            change.Move(job, JobState.Queued, AuditActors.System, "requeued", "The server stopped; the run goes on from its checkpoint.");
        }

        return true;
    }, cancellationToken);

    /// <summary>Brings one job into the state that its task says.</summary>
    public async Task SettleAsync(string id, CancellationToken cancellationToken)
    {
        var seen = await FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (seen is null || !NeedsTask(seen))
        {
            return;
        }

        var ended = ReadEnd(id);
        var found = ended is null ? [] : await FindArtifactsAsync(id, cancellationToken).ConfigureAwait(false);
        await ChangeAsync(async (change, token) =>
        {
            var job = await change.FineTune.Set<Job>().SingleOrDefaultAsync(row => row.Id == id, token);
            if (job is null || !NeedsTask(job))
            {
                return false;
            }

            var task = await change.Host.Set<TaskRow>().AsNoTracking().SingleOrDefaultAsync(row => row.Id == job.TaskId, token);
            switch (task?.Status)
            {
                case null:
                    await FinishAsync(change, job, job.State == JobState.Cancelling ? new JobEnd(JobState.Cancelled) : new JobEnd(JobState.Failed) { Fault = JobFaults.TaskLost }, [], token);
                    break;
                case TaskState.Pending when job.State == JobState.Running:
                    change.Move(job, JobState.Queued, AuditActors.System, "requeued", "Its server was lost; the run goes on from its checkpoint in another.");
                    break;
                case TaskState.Completed or TaskState.Failed or TaskState.Cancelled:
                    await FinishAsync(change, job, ended ?? EndOf(task), found, token);
                    break;
                default:
                    break;
            }

            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks for jobs that are in hand and whose task has ended, is gone, or waits while they seem to run; how many there were.</summary>
    public async Task<int> ReconcileAsync(CancellationToken cancellationToken)
    {
        var odd = 0;
        foreach (var (id, taskId, state, taskState, isCancelled) in await queue.InHandAsync(cancellationToken).ConfigureAwait(false))
        {
            if (state == JobState.Cancelling && taskState is TaskState.Pending or TaskState.Running && !isCancelled && await taskReader.FindAsync(taskId!, cancellationToken).ConfigureAwait(false) is { } task)
            {
                await tasks.CancelAsync(task, AuditActors.System, cancellationToken).ConfigureAwait(false);
                odd++;
            }
            else if (taskState is null or TaskState.Completed or TaskState.Failed or TaskState.Cancelled || (taskState == TaskState.Pending && state == JobState.Running))
            {
                await SettleAsync(id, cancellationToken).ConfigureAwait(false);
                odd++;
            }
        }

        return odd + await ReturnDraftsAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A job as it is stored, deleted or not.</summary>
    public async Task<Job?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<Job>().AsNoTracking().SingleOrDefaultAsync(job => job.Id == id, cancellationToken).ConfigureAwait(false);
    }

    private static bool NeedsTask(Job job) => job.State is JobState.Running or JobState.Cancelling || job is { State: JobState.Queued, TaskId: not null };

    /// <summary>The last resort for drafts whose host ended while it looked at them.</summary>
    private async Task<int> ReturnDraftsAsync(CancellationToken cancellationToken)
    {
        var abandoned = await queue.AbandonedAsync(time.GetUtcNow() - LongestValidation, cancellationToken).ConfigureAwait(false);
        foreach (var id in abandoned)
        {
            await ChangeAsync(id, (change, job, _) =>
            {
                if (job.State == JobState.Validating)
                {
                    change.Move(job, JobState.Draft, AuditActors.System, "start_refused", "The server ended while it looked at the draft. Start it again.");
                }

                return Task.CompletedTask;
            }, cancellationToken).ConfigureAwait(false);
        }

        return abandoned.Count;
    }

    private static readonly TimeSpan LongestValidation = TimeSpan.FromMinutes(10);

    /// <summary>A change that a run makes while it holds its task; nothing and the default otherwise.</summary>
    private Task<bool> RunAsync(JobTurn turn, Func<JobChange, Job, TaskRow, CancellationToken, Task<bool>> work, CancellationToken cancellationToken) => ChangeAsync(async (change, token) =>
    {
        var hostId = slots.HostId;
        var task = await change.Host.Set<TaskRow>().AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == turn.TaskId && row.Status == TaskState.Running && row.HostId == hostId && row.Attempts == turn.Attempt, token);
        var job = await change.FineTune.Set<Job>().SingleOrDefaultAsync(row => row.Id == turn.JobId && row.TaskId == turn.TaskId && row.DeletedAt == null, token);
        return task is not null && job is not null && NeedsTask(job) && await work(change, job, task, token);
    }, cancellationToken);

    private async Task FinishAsync(JobChange change, Job job, JobEnd end, IReadOnlyList<(string Name, long Bytes, string Sha256)> artifacts, CancellationToken cancellationToken)
    {
        job.FinishedAt = change.Now;
        job.Summary = end.Summary is null ? job.Summary : JsonSerializer.Serialize(end.Summary, TaskJson.Options);
        if (end.Summary is { } summary)
        {
            (job.Step, job.TrainedTokens) = (Math.Max(job.Step, summary.Steps), Math.Max(job.TrainedTokens, summary.Tokens));
            (job.Loss, job.EvaluationLoss) = (summary.TrainLoss ?? job.Loss, summary.LastEvaluationLoss ?? job.EvaluationLoss);
        }

        JobChange.SetFault(job, end.Fault);
        var (type, message) = end.State switch
        {
            JobState.Succeeded => ("succeeded", end.Summary is { } done ? $"Succeeded after {Units.Count(done.Steps, "step")}." : "Succeeded."),
            JobState.Cancelled => ("cancelled", "Cancelled."),
            _ => ("failed", $"Failed: {end.Fault?.Message ?? "nobody knows why."}"),
        };
        change.Move(job, end.State, AuditActors.System, type, message, end.Fault);
        await KeepArtifactsAsync(change, job, artifacts, cancellationToken);
        await change.FineTune.SaveChangesAsync(cancellationToken);
        await HandOverAsync(change, cancellationToken);
    }

    private static async Task KeepArtifactsAsync(JobChange change, Job job, IReadOnlyList<(string Name, long Bytes, string Sha256)> artifacts, CancellationToken cancellationToken)
    {
        if (artifacts.Count == 0)
        {
            return;
        }

        var known = await change.FineTune.Set<Artifact>().Where(row => row.JobSeq == job.Seq).ToDictionaryAsync(row => row.Name, StringComparer.Ordinal, cancellationToken);
        foreach (var (name, bytes, sha256) in artifacts)
        {
            if (known.TryGetValue(name, out var row))
            {
                (row.Bytes, row.Sha256, row.RemovedAt) = (bytes, sha256, null);
            }
            else
            {
                change.FineTune.Add(new Artifact { JobSeq = job.Seq, Name = name, Bytes = bytes, Sha256 = sha256, CreatedAt = change.Now });
            }
        }
    }

    private static Task<int> RemoveArtifactRowsAsync(JobChange change, Job job, CancellationToken cancellationToken) =>
        change.FineTune.Set<Artifact>().Where(row => row.JobSeq == job.Seq && row.ModelId == null).ExecuteDeleteAsync(cancellationToken);

    /// <summary>What the worker wrote at its end, where that was a success: then it counts, whatever became of the task.</summary>
    private JobEnd? ReadEnd(string id)
    {
        try
        {
            return JobExit.Read(new JobFolder(paths.Job(id))) is { Status: JobStatus.Succeeded } exit ? new JobEnd(JobState.Succeeded) { Summary = exit.Summary } : null;
        }
        catch (Exception error) when (error is FaultException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<(string Name, long Bytes, string Sha256)>> FindArtifactsAsync(string id, CancellationToken cancellationToken)
    {
        // The card first: it is one of the files.
        if (await FindAsync(id, cancellationToken).ConfigureAwait(false) is { } job)
        {
            await cards.WriteAllAsync(job, cancellationToken).ConfigureAwait(false);
        }

        List<(string, long, string)> found = [];
        foreach (var artifact in store.List(id))
        {
            found.Add((artifact.Name, artifact.Bytes, await store.HashAsync(id, artifact, cancellationToken).ConfigureAwait(false)));
        }

        return found;
    }

    private static JobEnd EndOf(TaskRow task) => task.Status == TaskState.Cancelled
        ? new JobEnd(JobState.Cancelled)
        : new JobEnd(JobState.Failed)
        {
            Fault = new Fault(task.ErrorCode ?? "failed", task.Error ?? "The task ended without a result.", task.ErrorRemedy ?? "Resume the job: it goes on from its last checkpoint."),
        };
}
