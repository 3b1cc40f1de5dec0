using System.Security.Claims;
using Beep.Host.Hosting.Access;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Tasks;

/// <summary>Who may see which tasks: their owner, and whoever administers the system.</summary>
internal sealed class TaskAccess(TaskReader reader)
{
    public static bool SeesAll(ClaimsPrincipal caller) => caller.Holds(Permissions.SystemAdmin);

    /// <summary>A task that the caller may see; null when there is none or it is somebody else's.</summary>
    public async Task<TaskRow?> FindAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        id.Length == TaskRow.LongestId && await reader.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } row
        && (SeesAll(caller) || (row.OwnerId is { } owner && owner == caller.FindUserId()))
            ? row
            : null;

    /// <exception cref="HttpFaultException">404.</exception>
    public async Task<TaskRow> RequireAsync(string id, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        await FindAsync(id, caller, cancellationToken).ConfigureAwait(false)
        ?? throw HttpFaultException.NotFound("task_not_found", "There is no such task, or it is somebody else's.", "Look it up in the list of tasks.");
}
