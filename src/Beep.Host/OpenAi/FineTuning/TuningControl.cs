using System.Security.Claims;
using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.OpenAi.FineTuning;

/// <summary>Stops, pauses and goes on with jobs as OpenAI's clients mean it.</summary>
internal sealed class TuningControl(JobDesk desk, PauseMarks pauses, FineTuneDatabase database, HostPaths paths)
{
    /// <summary>One that is paused is cancelled by that.</summary>
    public async Task<Job> CancelAsync(Job job, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        if (!await IsPausedAsync(job, cancellationToken))
        {
            return await desk.CancelAsync(job.Id, caller, actor, cancellationToken);
        }

        await pauses.EndAsync(job, actor, cancellationToken);
        return job;
    }

    public async Task<Job> PauseAsync(Job job, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        if (await IsPausedAsync(job, cancellationToken))
        {
            return job;
        }

        if (job.State is not (JobState.Queued or JobState.Running))
        {
            throw HttpFaultException.Conflict("fine_tune_not_running", $"The fine-tune is {job.State.Word()}.", "Only one that waits or runs is paused.");
        }

        // Noted first: whoever asks meanwhile is not told that it was cancelled.
        await pauses.BeginAsync(job, actor, cancellationToken);
        return await desk.CancelAsync(job.Id, caller, actor, cancellationToken);
    }

    /// <summary>One that had saved nothing yet begins from nothing.</summary>
    public async Task<Job> ResumeAsync(Job job, ClaimsPrincipal caller, AuditActor actor, CancellationToken cancellationToken)
    {
        if (job.State == JobState.Cancelling)
        {
            throw HttpFaultException.Conflict("fine_tune_stopping", "The fine-tune is still saving its checkpoint.", "Try again in a moment.");
        }

        if (!await IsPausedAsync(job, cancellationToken))
        {
            throw HttpFaultException.Conflict("fine_tune_not_paused", $"The fine-tune is {job.State.Word()} and not paused.", "Only one that was paused goes on.");
        }

        return new JobFolder(paths.Job(job.Id)).ListCheckpoints().Count > 0
            ? await desk.ResumeAsync(job.Id, caller, actor, cancellationToken)
            : await desk.RestartAsync(job.Id, caller, actor, cancellationToken);
    }

    private async Task<bool> IsPausedAsync(Job job, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return (await PauseMarks.FindAsync(context, [job], cancellationToken)).Contains(job.Seq);
    }
}
