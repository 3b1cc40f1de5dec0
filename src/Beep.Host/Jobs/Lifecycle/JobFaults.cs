using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Stored;

namespace Beep.Host.Jobs.Lifecycle;

/// <summary>Why a change of a job is refused.</summary>
internal static class JobFaults
{
    public static readonly Fault TaskLost = new("task_lost", "The task that ran the job is not there any more.", "Resume the job: it goes on from its last checkpoint.");

    public static HttpFaultException NotFound() => HttpFaultException.NotFound("job_not_found", "There is no such job, or it is somebody else's.", "Look it up in the list of jobs.");

    public static HttpFaultException Deleted(string id) => HttpFaultException.Conflict("job_deleted", $"The job '{id}' was deleted.", "Start another one.");

    public static HttpFaultException Finished(Job job) =>
        HttpFaultException.Conflict("job_finished", $"The job '{job.Id}' is {job.State.Word()}.", "There is nothing left to cancel.");

    public static HttpFaultException Active(Job job, string remedy) =>
        HttpFaultException.Conflict("job_active", $"The job '{job.Id}' is {job.State.Word()}.", remedy);

    public static HttpFaultException WrongState(Job job, string wanted, string remedy) =>
        HttpFaultException.Conflict("job_state", $"The job '{job.Id}' is {job.State.Word()}, and only {wanted}.", remedy);

    public static HttpFaultException KeyReused() => HttpFaultException.Invalid(
        "idempotency_mismatch", "The Idempotency-Key was used before with another request.", "Send the same request again, or take a new key.", "Idempotency-Key");

    public static HttpFaultException TooManyJobs(int most, TimeSpan wait) =>
        HttpFaultException.TooMany($"You have made {most} jobs within an hour.", wait);

    public static HttpFaultException QueueFull(int limit, int waiting) => HttpFaultException.Invalid(
        "quota_queued_jobs", $"{Units.Count(waiting, "job")} of yours {(waiting == 1 ? "waits" : "wait")}, and your limit is {limit}.", "Wait until one has begun, or cancel one.", "quota");
}
