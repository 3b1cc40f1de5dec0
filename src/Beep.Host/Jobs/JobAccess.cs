using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Beep.Host.Jobs.Stored;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Jobs;

/// <summary>Who may do what with which jobs: their owner, whoever was given a privilege, and whoever administers the system.</summary>
internal sealed class JobAccess(FineTuneDatabase database, PrivilegeService privileges)
{
    /// <summary>What privileges call a job.</summary>
    public const string Resource = "job";

    public static bool SeesAll(ClaimsPrincipal caller) => caller.Holds(Permissions.SystemAdmin);

    /// <summary>A job that the caller may do this much with, deleted or not; null when there is none or it is somebody else's.</summary>
    public async Task<Job?> FindAsync(string id, ClaimsPrincipal caller, AccessLevel level, CancellationToken cancellationToken)
    {
        if (!PublicId.IsOne(id) || caller.FindUserId() is not { } user)
        {
            return null;
        }

        await using var context = database.CreateContext();
        var job = await context.Set<Job>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == id, cancellationToken);
        return job is not null && (job.OwnerId == user || await privileges.AllowsAsync(caller, Resource, id, level, cancellationToken)) ? job : null;
    }

    /// <exception cref="HttpFaultException">404: there is none for this caller. 409: it was deleted.</exception>
    public async Task<Job> RequireAsync(string id, ClaimsPrincipal caller, AccessLevel level, CancellationToken cancellationToken) =>
        await FindAsync(id, caller, level, cancellationToken) switch
        {
            null => throw HttpFaultException.NotFound("job_not_found", "There is no such job, or it is somebody else's.", "Look it up in the list of jobs."),
            { DeletedAt: not null } => throw HttpFaultException.Conflict("job_deleted", $"The job '{id}' was deleted.", "Start another one."),
            var job => job,
        };
}
