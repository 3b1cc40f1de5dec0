using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Environments.Making;
using Beep.Host.Environments.Stored;
using Beep.Host.Hosting.Http;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Environments;

/// <summary>The only one that writes rows of environments: one change after the other, each with its row in the audit log and, where it wants one, its task.</summary>
internal sealed class EnvironmentRegistry(HostDatabase database, AuditWriter audit, EnvironmentFolders folders, IEnumerable<IEnvironmentUse> uses)
{
    /// <summary>What privileges and the audit log call an environment.</summary>
    public const string Resource = "environment";

    /// <summary>What the audit log calls one that went.</summary>
    public const string Removed = "environment_removed";

    // Any number that nothing else in the database locks.
    private const long EnvironmentLock = 0x6265_6570_656e_7672;

    /// <summary>Adds an environment that is still to be made or verified; one of that name that never became whole is replaced.</summary>
    /// <param name="row">What it is to be.</param>
    /// <param name="actor">Who adds it.</param>
    /// <param name="enqueue">Adds its task in the same transaction and returns its id; null for a command, which does the work itself.</param>
    /// <param name="cancellationToken">Stops before anything is added.</param>
    /// <exception cref="HttpFaultException">409: the name is taken.</exception>
    public Task<EnvironmentRow> AddAsync(EnvironmentRow row, AuditActor actor, Func<HostDbContext, EnvironmentRow, CancellationToken, Task<string>>? enqueue, CancellationToken cancellationToken) => ChangeAsync(async (context, token) =>
    {
        await MakeRoomAsync(context, row.Name, token).ConfigureAwait(false);
        context.Add(row);
        await context.SaveChangesAsync(token).ConfigureAwait(false);
        if (enqueue is not null)
        {
            row.TaskId = await enqueue(context, row, token).ConfigureAwait(false);
        }

        return (row, Entry(actor, "environment_added", row));
    }, cancellationToken);

    /// <summary>Begins work on an environment that is there.</summary>
    /// <param name="name">Which.</param>
    /// <param name="work">What is done with it.</param>
    /// <param name="actor">Who wants it.</param>
    /// <param name="enqueue">As for <see cref="AddAsync"/>.</param>
    /// <param name="cancellationToken">Stops before anything is changed.</param>
    /// <exception cref="HttpFaultException">409: it is busy or in use, or nothing that can be worked on.</exception>
    public async Task<EnvironmentRow> BeginAsync(string name, EnvironmentWork work, AuditActor actor, Func<HostDbContext, EnvironmentRow, CancellationToken, Task<string>>? enqueue, CancellationToken cancellationToken)
    {
        if (work != EnvironmentWork.Verify)
        {
            await RequireUnusedAsync(name, cancellationToken).ConfigureAwait(false);
        }

        return await ChangeAsync(async (context, token) =>
        {
            var row = await RequireAsync(context, name, token).ConfigureAwait(false);
            if (await IsBusyAsync(context, row, token).ConfigureAwait(false))
            {
                throw Busy(row);
            }

            if (work == EnvironmentWork.Repair && row.Origin != EnvironmentOrigin.Created)
            {
                throw HttpFaultException.Conflict("not_ours", $"The environment '{row.Name}' is somebody else's and is never changed from here.", "Repair it with the tool that made it, then verify it.");
            }

            if (work != EnvironmentWork.Remove && EnvironmentStates.Of(row, isBusy: false) == EnvironmentState.Failed)
            {
                throw HttpFaultException.Conflict("environment_not_whole", $"The environment '{row.Name}' never became whole; there is nothing of it.", "Create it again.");
            }

            row.State = work switch { EnvironmentWork.Verify => row.State, EnvironmentWork.Repair => EnvironmentState.Preparing, EnvironmentWork.Remove => EnvironmentState.Removing };
            row.Version++;
            await context.SaveChangesAsync(token).ConfigureAwait(false);
            if (enqueue is not null)
            {
                row.TaskId = await enqueue(context, row, token).ConfigureAwait(false);
            }

            var action = work switch { EnvironmentWork.Verify => "environment_verification_started", EnvironmentWork.Repair => "environment_repair_started", EnvironmentWork.Remove => "environment_removal_started" };
            return (row, Entry(actor, action, row));
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes an environment ready: it is where it belongs and has run.</summary>
    /// <param name="id">Which.</param>
    /// <param name="found">What its check found.</param>
    /// <param name="action">What the audit log calls it.</param>
    /// <param name="verifiedAt">Now.</param>
    /// <param name="change">What else is known of it now.</param>
    /// <param name="actor">Who is said to have done it.</param>
    public Task<EnvironmentRow> CompleteAsync(string id, VerifiedEnvironment found, string action, DateTimeOffset verifiedAt, Action<EnvironmentRow>? change, AuditActor actor) => ChangeAsync(async (context, token) =>
    {
        var row = await context.Set<EnvironmentRow>().SingleOrDefaultAsync(known => known.Id == id, token).ConfigureAwait(false) ?? throw Gone(id);
        (row.State, row.Error, row.VerifiedAt) = (EnvironmentState.Ready, null, verifiedAt);
        (row.PythonVersion, row.Architecture, row.Packages, row.Report) = (found.PythonVersion, found.Architecture, found.Packages, found.Report.Write());
        change?.Invoke(row);
        row.Version++;
        return (row, Entry(actor, action, row));
    }, CancellationToken.None);

    /// <summary>Says that work on an environment has failed, and what it is now.</summary>
    public Task FailAsync(string id, EnvironmentState state, string error, string action, AuditActor actor) => ChangeAsync(async (context, token) =>
    {
        var row = await context.Set<EnvironmentRow>().SingleOrDefaultAsync(known => known.Id == id, token).ConfigureAwait(false) ?? throw Gone(id);
        (row.State, row.Error) = (state, error.Length <= EnvironmentRow.LongestText ? error : error[..EnvironmentRow.LongestText]);
        row.Version++;
        return (row, Entry(actor, action, row, "not_completed"));
    }, CancellationToken.None);

    /// <summary>Forgets an environment whose files are gone.</summary>
    public Task ForgetAsync(string id, AuditActor actor) => ChangeAsync(async (context, token) =>
    {
        var row = await context.Set<EnvironmentRow>().SingleOrDefaultAsync(known => known.Id == id, token).ConfigureAwait(false) ?? throw Gone(id);
        context.Remove(row);
        return (row, Entry(actor, Removed, row));
    }, CancellationToken.None);

    public async Task<EnvironmentRow?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<EnvironmentRow>().AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="HttpFaultException">409: something uses it.</exception>
    public async Task RequireUnusedAsync(string name, CancellationToken cancellationToken)
    {
        foreach (var use in uses)
        {
            if (await use.FindAsync(name, cancellationToken).ConfigureAwait(false) is { } what)
            {
                throw HttpFaultException.Conflict("environment_in_use", $"The environment '{name}' cannot be changed now: {what}.", "Wait for its end, or cancel it.");
            }
        }
    }

    /// <exception cref="HttpFaultException">404: there is none. 409: it was removed.</exception>
    public static async Task<EnvironmentRow> RequireAsync(HostDbContext context, string name, CancellationToken cancellationToken)
    {
        if (await context.Set<EnvironmentRow>().SingleOrDefaultAsync(found => found.Name == name, cancellationToken).ConfigureAwait(false) is { } row)
        {
            return row;
        }

        var isRemoved = EnvironmentName.IsOne(name)
            && await context.Set<AuditRow>().AnyAsync(entry => entry.ResourceType == Resource && entry.ResourceId == name && entry.Action == Removed, cancellationToken).ConfigureAwait(false);
        throw isRemoved
            ? HttpFaultException.Conflict("environment_removed", $"The environment '{name}' was removed.", "Choose another one, or create it again.")
            : HttpFaultException.NotFound("environment_not_found", "There is no such environment.", "Look it up in the list of environments.");
    }

    /// <summary>Whether a task works on it or is about to.</summary>
    public static async Task<bool> IsBusyAsync(HostDbContext context, EnvironmentRow row, CancellationToken cancellationToken) =>
        row.TaskId is { } id && await context.Set<TaskRow>().AnyAsync(task => task.Id == id && (task.Status == TaskState.Pending || task.Status == TaskState.Running), cancellationToken).ConfigureAwait(false);

    private async Task MakeRoomAsync(HostDbContext context, string name, CancellationToken cancellationToken)
    {
        var known = await context.Set<EnvironmentRow>().SingleOrDefaultAsync(row => row.Name == name, cancellationToken).ConfigureAwait(false);
        if (known is null)
        {
            if (Path.Exists(folders.Of(name).Path))
            {
                throw HttpFaultException.Conflict("folder_exists", $"There is a folder 'environments/{name}' in the home already, which is no environment of the host's.", "Move it away, or choose another name.");
            }

            return;
        }

        if (await IsBusyAsync(context, known, cancellationToken).ConfigureAwait(false))
        {
            throw Busy(known);
        }

        // A command that was killed leaves one that no task tells of.
        var isLeft = known is { State: EnvironmentState.Preparing, TaskId: null, VerifiedAt: null };
        if (!isLeft && EnvironmentStates.Of(known, isBusy: false) != EnvironmentState.Failed)
        {
            throw HttpFaultException.Conflict("environment_exists", $"There is an environment '{name}' already.", "Use it, remove it, or choose another name.");
        }

        context.Remove(known);
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        folders.DiscardIncoming(known.Id);
        folders.DiscardGivenLock(known.Id);
    }

    private async Task<EnvironmentRow> ChangeAsync(Func<HostDbContext, CancellationToken, Task<(EnvironmentRow Row, AuditEntry Entry)>> change, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await audit.ChangeAsync(context, EnvironmentLock, change, cancellationToken).ConfigureAwait(false);
    }

    private static AuditEntry Entry(AuditActor actor, string action, EnvironmentRow row, string? reason = null) => new()
    {
        Actor = actor,
        Action = action,
        ResourceType = Resource,
        ResourceId = row.Name,
        Outcome = reason is null ? AuditOutcome.Succeeded : AuditOutcome.Failed,
        CorrelationId = row.TaskId,
        Details = new AuditDetails { Name = row.Name, To = row.Preset ?? row.Origin.Word(), Reason = reason },
    };

    private static HttpFaultException Busy(EnvironmentRow row) => HttpFaultException.Conflict("environment_busy", $"The environment '{row.Name}' is being worked on.", $"Follow the task '{row.TaskId}', or cancel it.");

    private static FaultException Gone(string id) => FaultException.Invalid("environment_removed", $"The environment '{id}' was removed.", "Create it again.");
}

/// <summary>What is done with an environment that is there.</summary>
internal enum EnvironmentWork
{
    Verify = 1,
    Repair = 2,
    Remove = 3,
}
