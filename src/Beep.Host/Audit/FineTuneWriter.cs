using Beep.Host.Data;

namespace Beep.Host.Audit;

/// <summary>Both contexts of one change, in one transaction.</summary>
/// <param name="FineTune">The fine-tuning tables.</param>
/// <param name="Host">The host's tables: tasks are added here.</param>
internal sealed record FineTuneChange(FineTuneDbContext FineTune, HostDbContext Host);

/// <summary>Changes the fine-tuning tables, with a row in the audit log, and where it is wanted a task, in one transaction.</summary>
internal sealed class FineTuneWriter(HostDatabase host, FineTuneDatabase fineTune, AuditWriter audit)
{
    /// <summary>
    /// Makes a change, saves it, and appends the rows that it returns. A task is added last, with
    /// <c>TaskQueue.EnqueueAsync(change.Host, …)</c>; wake the queue after this has returned.
    /// </summary>
    public async Task<T> ChangeAllAsync<T>(Func<FineTuneChange, CancellationToken, Task<(T Result, IReadOnlyList<AuditEntry> Entries)>> change, CancellationToken cancellationToken)
    {
        var context = host.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var __ = transaction.ConfigureAwait(false);
        var joined = await fineTune.JoinAsync(context, cancellationToken).ConfigureAwait(false);
        await using var ___ = joined.ConfigureAwait(false);
        var (result, entries) = await change(new FineTuneChange(joined, context), cancellationToken).ConfigureAwait(false);
        await joined.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        foreach (var entry in entries)
        {
            await audit.AppendAsync(context, entry, cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>As the other, with one row.</summary>
    public Task<T> ChangeAsync<T>(Func<FineTuneChange, CancellationToken, Task<(T Result, AuditEntry Entry)>> change, CancellationToken cancellationToken) =>
        ChangeAllAsync<T>(async (both, token) =>
        {
            var (result, entry) = await change(both, token).ConfigureAwait(false);
            return (result, [entry]);
        }, cancellationToken);
}
