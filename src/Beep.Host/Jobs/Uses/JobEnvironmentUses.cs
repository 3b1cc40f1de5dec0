using Beep.Host.Data;
using Beep.Host.Environments;
using Beep.Host.Jobs.Placing;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs.Uses;

/// <summary>The jobs that wait for an environment or run in it.</summary>
internal sealed class JobEnvironmentUses(FineTuneDatabase database) : IEnvironmentUse
{
    private static readonly JobState[] Active = [JobState.Validating, JobState.Queued, JobState.Running, JobState.Cancelling];

    public async Task<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        var jobs = await context.Set<Job>().AsNoTracking().Where(job => Active.Contains(job.State) && job.Placement != null)
            .Select(job => new { job.Name, job.State, job.Placement }).ToListAsync(cancellationToken);
        return jobs.FirstOrDefault(job => Placement.Read(job.Placement).Environment == name) is { } found
            ? $"the job '{found.Name}' is {(found.State == JobState.Queued ? "waiting for" : "running in")} it"
            : null;
    }
}
