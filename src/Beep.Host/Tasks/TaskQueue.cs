using Beep.Host.Audit;
using Beep.Host.Data;

namespace Beep.Host.Tasks;

/// <summary>Where work is handed in, and taken back.</summary>
internal sealed class TaskQueue(HostDatabase database, TaskStore store, IServiceProvider services, TaskSignals signals)
{
    // Asked for late: a handler may add tasks itself.
    private readonly Lazy<TaskHandlers> _handlers = new(services.GetRequiredService<TaskHandlers>);

    /// <summary>Adds a task.</summary>
    public async Task<TaskView> EnqueueAsync(NewTask wanted, AuditActor actor, CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        var task = await EnqueueAsync(context, wanted, actor, cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        Wake();
        return task;
    }

    /// <summary>
    /// Adds a task in the caller's transaction: it is there or not with the caller's change. Do it last, and before anything is appended
    /// to the audit log; call <see cref="Wake"/> after the commit.
    /// </summary>
    public async Task<TaskView> EnqueueAsync(HostDbContext context, NewTask wanted, AuditActor actor, CancellationToken cancellationToken)
    {
        var handler = _handlers.Value.Find(wanted.Kind) ?? throw new InvalidOperationException($"No handler does tasks of the kind '{wanted.Kind}'.");
        var resourceClass = wanted.ResourceClass ?? handler.ResourceClass;
        return ResourceClass.IsKnown(resourceClass)
            ? TaskView.Of(await store.AddAsync(context, wanted, resourceClass, actor, cancellationToken).ConfigureAwait(false))
            : throw new ArgumentException($"'{resourceClass}' is no resource class: io, cpu or gpu:<count>.", nameof(wanted));
    }

    /// <summary>Has the queue looked at now instead of a second later.</summary>
    public void Wake()
    {
        signals.Changed();
        signals.Wake();
    }

    /// <summary>Stops a task, or keeps it from beginning. Null when there is none.</summary>
    public Task<CancelAnswer?> CancelAsync(TaskRow task, AuditActor actor, CancellationToken cancellationToken) => store.CancelAsync(task.Seq, actor, cancellationToken);
}
