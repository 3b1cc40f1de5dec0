using System.Security.Claims;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;
using Beep.Host.Identity.Privileges;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Datasets;

/// <summary>Who may do what with which datasets: their owner, whoever was given a privilege, and whoever administers the system.</summary>
internal sealed class DatasetAccess(FineTuneDatabase database, PrivilegeService privileges)
{
    /// <summary>What privileges call a dataset.</summary>
    public const string Resource = "dataset";

    public static bool SeesAll(ClaimsPrincipal caller) => caller.Holds(Permissions.SystemAdmin);

    /// <summary>A dataset that the caller may do this much with, deleted or not; null when there is none or it is somebody else's.</summary>
    public async Task<Dataset?> FindAsync(string id, ClaimsPrincipal caller, AccessLevel level, CancellationToken cancellationToken)
    {
        if (!PublicId.IsOne(id) || caller.FindUserId() is not { } user)
        {
            return null;
        }

        await using var context = database.CreateContext();
        var dataset = await context.Set<Dataset>().AsNoTracking().SingleOrDefaultAsync(found => found.Id == id, cancellationToken);
        return dataset is not null && (dataset.OwnerId == user || await privileges.AllowsAsync(caller, Resource, id, level, cancellationToken)) ? dataset : null;
    }

    /// <exception cref="HttpFaultException">404: there is none for this caller. 409: it was deleted.</exception>
    public async Task<Dataset> RequireAsync(string id, ClaimsPrincipal caller, AccessLevel level, CancellationToken cancellationToken) =>
        await FindAsync(id, caller, level, cancellationToken) switch
        {
            null => throw NotFound(),
            { DeletedAt: not null } => throw HttpFaultException.Conflict("dataset_deleted", $"The dataset '{id}' was deleted.", "Upload it again."),
            var dataset => dataset,
        };

    public static HttpFaultException NotFound() =>
        HttpFaultException.NotFound("dataset_not_found", "There is no such dataset, or it is somebody else's.", "Look it up in the list of datasets.");
}
