using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Beep.Host.Tasks;

/// <summary>
/// Whoever changes tasks waits for each other until the commit: so events are committed in the order of their numbers, and no
/// two changes can wait for each other's rows. Take it first in a transaction, before anything is appended to the audit log.
/// </summary>
internal static class TaskLock
{
    // The number is any that nothing else in the database locks. Materialized: the lock is taken before the clock is read.
    private const string TakeTurn = "WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(7090184722028000107)) SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM turn";

    /// <summary>Takes it for the transaction and says what time it is: by PostgreSQL's clock, so that hosts whose clocks differ agree when a lease has expired.</summary>
    public static async Task<DateTimeOffset> TakeAsync(HostDbContext context, TimeProvider time, CancellationToken cancellationToken)
    {
        var transaction = context.Database.CurrentTransaction ?? throw new InvalidOperationException("Tasks are changed in a transaction. Begin one before.");
        // SQLite's transaction is an immediate one: it has the only lock already.
        if (context is not PostgresHostDbContext)
        {
            return time.GetUtcNow();
        }

        // A command of the driver's own: EF would compile the query anew each time.
        var command = context.Database.GetDbConnection().CreateCommand();
        await using var _ = command.ConfigureAwait(false);
        command.Transaction = transaction.GetDbTransaction();
        command.CommandText = TakeTurn;
        var microseconds = (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        return DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
    }
}
