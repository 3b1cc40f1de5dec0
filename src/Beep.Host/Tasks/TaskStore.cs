using System.Security.Cryptography;
using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Processes;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tasks;

/// <summary>
/// The only one that writes tasks. Each change begins with the lock, reads the row, sees whether it is in a state from which
/// there is a way, and writes the row, an event and where it matters a row of the audit log in one transaction.
/// </summary>
internal sealed partial class TaskStore(HostDatabase database, AuditWriter audit, TimeProvider time, TaskSignals signals, TaskMeters meters)
{
    private const string Resource = "task";

    /// <summary>Adds a task in the transaction that the context is in.</summary>
    public async Task<TaskRow> AddAsync(HostDbContext context, NewTask wanted, string resourceClass, AuditActor actor, CancellationToken cancellationToken)
    {
        var now = await TaskLock.TakeAsync(context, time, cancellationToken).ConfigureAwait(false);
        var row = new TaskRow
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TaskRow.LongestId / 2)),
            Name = Cut(wanted.Name, TaskRow.LongestName),
            Kind = wanted.Kind,
            OwnerId = wanted.OwnerId,
            Input = wanted.Input?.ToJsonString(TaskJson.Options),
            ResourceClass = resourceClass,
            CorrelationId = wanted.CorrelationId is null ? null : Cut(wanted.CorrelationId, TaskRow.LongestMessage),
            CreatedAt = now,
        };
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        Tell(context, row, TaskEventTypes.Created, now);
        await AuditAsync(context, row, actor, "task_created", AuditOutcome.Succeeded, null, cancellationToken).ConfigureAwait(false);
        meters.Enqueued(row.Kind);
        return row;
    }

    /// <summary>Ends a task that waits; tells the host of one that runs to stop it. Null when there is none.</summary>
    public Task<CancelAnswer?> CancelAsync(long seq, AuditActor actor, CancellationToken cancellationToken) => WriteAsync<CancelAnswer?>(async (context, now, token) =>
    {
        if (await FindAsync(context, seq, token).ConfigureAwait(false) is not { } row)
        {
            return null;
        }

        if (row.Status.IsEnd())
        {
            return CancelAnswer.Finished;
        }

        if (row.CancelRequestedAt is not null)
        {
            return CancelAnswer.RequestedBefore;
        }

        row.CancelRequestedAt = now;
        if (row.Status == TaskState.Pending)
        {
            End(context, row, new TaskEnd(TaskState.Cancelled), now);
        }
        else
        {
            Tell(context, row, TaskEventTypes.Cancelling, now);
        }

        await AuditAsync(context, row, actor, "task_cancel_requested", AuditOutcome.Succeeded, null, token).ConfigureAwait(false);
        return CancelAnswer.Requested;
    }, cancellationToken);

    /// <summary>Removes tasks that ended before <paramref name="before"/>, at most <paramref name="most"/>; returns their ids.</summary>
    public Task<IReadOnlyList<string>> RemoveFinishedAsync(DateTimeOffset before, int most, CancellationToken cancellationToken) => WriteAsync<IReadOnlyList<string>>(async (context, _, token) =>
    {
        var old = await context.Set<TaskRow>().AsNoTracking().Where(task => task.CompletedAt < before).OrderBy(task => task.CompletedAt).Take(most)
            .Select(task => new { task.Seq, task.Id }).ToListAsync(token).ConfigureAwait(false);
        if (old.Count == 0)
        {
            return [];
        }

        var seqs = old.Select(task => task.Seq).ToList();
        await context.Set<TaskRow>().Where(task => seqs.Contains(task.Seq)).ExecuteDeleteAsync(token).ConfigureAwait(false);
        await audit.AppendAsync(context, new AuditEntry { Actor = AuditActors.System, Action = "tasks_removed", ResourceType = Resource, Details = new AuditDetails { Count = old.Count } }, token).ConfigureAwait(false);
        return [.. old.Select(task => task.Id)];
    }, cancellationToken);

    /// <summary>Adds a task of the host's own unless one of its kind waits, runs, or was added since <paramref name="since"/>: once among all hosts.</summary>
    public Task<bool> AddUnlessRecentAsync(NewTask wanted, string resourceClass, TimeSpan since, CancellationToken cancellationToken) => WriteAsync(async (context, now, token) =>
    {
        var last = await context.Set<TaskRow>().AsNoTracking().Where(task => task.Kind == wanted.Kind).OrderByDescending(task => task.Seq)
            .Select(task => new { task.Status, task.CreatedAt }).FirstOrDefaultAsync(token).ConfigureAwait(false);
        if (last is not null && (!last.Status.IsEnd() || last.CreatedAt > now - since))
        {
            return false;
        }

        await AddAsync(context, wanted, resourceClass, AuditActors.System, token).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    private async Task<T> WriteAsync<T>(Func<HostDbContext, DateTimeOffset, CancellationToken, Task<T>> change, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        var now = await TaskLock.TakeAsync(context, time, cancellationToken).ConfigureAwait(false);
        var result = await change(context, now, cancellationToken).ConfigureAwait(false);
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        foreach (var ended in context.ChangeTracker.Entries<TaskRow>().Select(entry => entry.Entity).Where(row => row.Status.IsEnd() && row.CompletedAt == now))
        {
            meters.Finished(ended);
        }

        var types = context.ChangeTracker.Entries<TaskEventRow>().Select(entry => entry.Entity.Type).ToList();
        if (types.Count > 0)
        {
            signals.Changed();
        }

        if (types.Contains(TaskEventTypes.Cancelling))
        {
            signals.Cancel();
        }
        else if (types.Any(type => type is TaskEventTypes.Created or TaskEventTypes.Requeued))
        {
            signals.Wake();
        }

        return result;
    }

    private static Task<TaskRow?> FindAsync(HostDbContext context, long seq, CancellationToken cancellationToken) =>
        context.Set<TaskRow>().SingleOrDefaultAsync(task => task.Seq == seq, cancellationToken);

    private static void End(HostDbContext context, TaskRow row, TaskEnd end, DateTimeOffset now)
    {
        row.Become(end.State);
        row.CompletedAt = now;
        row.Progress = end.State == TaskState.Completed ? 100 : row.Progress;
        row.Message = end.Message is null ? row.Message : Cut(end.Message, TaskRow.LongestMessage);
        row.Result = end.Result;
        row.ErrorCode = end.Fault is null ? null : Cut(end.Fault.Code, TaskRow.LongestKind);
        row.Error = end.Fault is null ? null : Cut(end.Fault.Message, TaskRow.LongestText);
        row.ErrorRemedy = end.Fault is null ? null : Cut(end.Fault.Remedy, TaskRow.LongestText);
        Release(row);
        Tell(context, row, TaskEventTypes.Finished, now);
    }

    private static void Release(TaskRow row) => (row.HostId, row.LeaseExpiresAt, row.HeartbeatAt, row.Process) = (null, null, null, null);

    /// <summary>Every change of a row ends here: it makes the row's next version.</summary>
    private static void Tell(HostDbContext context, TaskRow row, string type, DateTimeOffset now)
    {
        row.Version++;
        context.Add(new TaskEventRow { TaskSeq = row.Seq, OwnerId = row.OwnerId, Type = type, Data = JsonSerializer.Serialize(TaskView.Of(row), TaskJson.Options), CreatedAt = now });
    }

    private Task AuditAsync(HostDbContext context, TaskRow row, AuditActor actor, string action, AuditOutcome outcome, string? reason, CancellationToken cancellationToken) => audit.AppendAsync(
        context,
        new AuditEntry
        {
            Actor = actor,
            Action = action,
            ResourceType = Resource,
            ResourceId = row.Id,
            Outcome = outcome,
            CorrelationId = row.CorrelationId,
            Details = new AuditDetails { Name = row.Kind, To = row.Status.Word(), Reason = reason, Count = row.Attempts },
        },
        cancellationToken);

    private static string Cut(string text, int longest)
    {
        var clean = PlainText.Clean(text);
        return clean.Length <= longest ? clean : string.Concat(clean.AsSpan(0, longest - 1), "…");
    }
}
