using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tasks;

/// <summary>Which tasks are meant.</summary>
internal sealed record TaskFilter
{
    /// <summary>One task.</summary>
    public long? Seq { get; init; }

    /// <summary>Those of a user; null means everybody's and the host's own.</summary>
    public long? OwnerId { get; init; }

    public TaskState? Status { get; init; }

    public string? Kind { get; init; }
}

/// <summary>Reads tasks and what happened to them.</summary>
internal sealed class TaskReader(HostDatabase database)
{
    /// <summary>Newest first, those before <paramref name="before"/>.</summary>
    public async Task<IReadOnlyList<TaskRow>> ListAsync(TaskFilter filter, long? before, int most, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var tasks = context.Set<TaskRow>().AsNoTracking();
        tasks = filter.OwnerId is { } owner ? tasks.Where(task => task.OwnerId == owner) : tasks;
        tasks = filter.Status is { } status ? tasks.Where(task => task.Status == status) : tasks;
        tasks = filter.Kind is { } kind ? tasks.Where(task => task.Kind == kind) : tasks;
        tasks = before is { } seq ? tasks.Where(task => task.Seq < seq) : tasks;
        return await tasks.OrderByDescending(task => task.Seq).Take(most).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task<TaskRow?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<TaskRow>().AsNoTracking().SingleOrDefaultAsync(task => task.Id == id, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How many wait and how many run, by resource class.</summary>
    public async Task<IReadOnlyList<QueueCount>> CountAsync(CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<TaskRow>().AsNoTracking().Where(task => task.Status == TaskState.Pending || task.Status == TaskState.Running)
            .GroupBy(task => new { task.Status, task.ResourceClass })
            .Select(group => new QueueCount(group.Key.ResourceClass, group.Key.Status, group.Count())).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Which of a host's tasks are wanted to stop.</summary>
    public async Task<IReadOnlyList<long>> CancellingAsync(string hostId, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<TaskRow>().AsNoTracking().Where(task => task.Status == TaskState.Running && task.HostId == hostId && task.CancelRequestedAt != null)
            .Select(task => task.Seq).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether anything waits that a host with these offers could take.</summary>
    public async Task<bool> AnyWaitingAsync(IReadOnlyCollection<string> kinds, IReadOnlyCollection<string> classes, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<TaskRow>().AnyAsync(task => task.Status == TaskState.Pending && classes.Contains(task.ResourceClass) && kinds.Contains(task.Kind), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The hosts that hold tasks, with the earliest of their leases.</summary>
    public async Task<IReadOnlyList<(string? HostId, DateTimeOffset? LeaseExpiresAt)>> HostsAsync(IReadOnlyCollection<long> except, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var hosts = await context.Set<TaskRow>().AsNoTracking().Where(task => task.Status == TaskState.Running && !except.Contains(task.Seq))
            .Select(task => new { task.HostId, task.LeaseExpiresAt }).Distinct().ToListAsync(cancellationToken).ConfigureAwait(false);
        return [.. hosts.Select(host => (host.HostId, host.LeaseExpiresAt))];
    }

    /// <summary>What happened after <paramref name="after"/>, in its order.</summary>
    public async Task<IReadOnlyList<TaskEventRow>> EventsAsync(TaskFilter filter, long after, int most, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var events = context.Set<TaskEventRow>().AsNoTracking().Where(happened => happened.Seq > after);
        events = filter.Seq is { } seq ? events.Where(happened => happened.TaskSeq == seq) : events;
        events = filter.OwnerId is { } owner ? events.Where(happened => happened.OwnerId == owner) : events;
        return await events.OrderBy(happened => happened.Seq).Take(most).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The number of the last event; 0 before the first.</summary>
    public async Task<long> LastEventAsync(CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        return await context.Set<TaskEventRow>().MaxAsync(happened => (long?)happened.Seq, cancellationToken).ConfigureAwait(false) ?? 0;
    }
}

/// <summary>How many tasks of a class are in a state.</summary>
internal sealed record QueueCount(string ResourceClass, TaskState Status, int Count);
