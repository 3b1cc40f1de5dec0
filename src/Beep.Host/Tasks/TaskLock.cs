using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tasks;

/// <summary>
/// Whoever changes tasks waits for each other until the commit: so events are committed in the order of their numbers, and no
/// two changes can wait for each other's rows. Take it first in a transaction, before anything is appended to the audit log.
/// </summary>
internal static class TaskLock
{
    // Any number that nothing else in the database locks.
    private const long Number = 0x6265_6570_7461_736b;
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    /// <summary>Takes it for the transaction and says what time it is: by PostgreSQL's clock, so that hosts whose clocks differ agree when a lease has expired.</summary>
    public static async Task<DateTimeOffset> TakeAsync(HostDbContext context, TimeProvider time, CancellationToken cancellationToken)
    {
        if (context.Database.CurrentTransaction is null)
        {
            throw new InvalidOperationException("Tasks are changed in a transaction. Begin one before.");
        }

        // SQLite's transaction is an immediate one: it has the only lock already.
        if (context is not PostgresHostDbContext)
        {
            return time.GetUtcNow();
        }

        // Materialized: the lock is taken before the clock is read.
        var microseconds = await context.Database.SqlQuery<long>(
            $"""WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock({Number})) SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS "Value" FROM turn""").SingleAsync(cancellationToken).ConfigureAwait(false);
        return DateTimeOffset.UnixEpoch.AddTicks(microseconds * TicksPerMicrosecond);
    }
}
