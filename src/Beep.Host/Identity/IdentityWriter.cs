using Beep.Host.Audit;
using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Identity;

/// <summary>Makes changes to people and what they may do, one after the other: what one of them counts, no other changes meanwhile.</summary>
internal sealed class IdentityWriter(HostDatabase database, AuditWriter audit)
{
    // Any number that nothing else in the database locks.
    private const long ServerLock = 0x6265_6570_7573_6572;

    /// <summary>A change with its row in the audit log, in a transaction of its own.</summary>
    public async Task<T> ChangeAsync<T>(Func<HostDbContext, CancellationToken, Task<(T Result, AuditEntry Entry)>> change, CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        T result = default!;
        await audit.WriteAsync(context, async token =>
        {
            await LockAsync(context, token);
            (result, var entry) = await change(context, token);
            return entry;
        }, cancellationToken);
        return result;
    }

    /// <summary>As the other, without a result.</summary>
    public Task ChangeAsync(Func<HostDbContext, CancellationToken, Task<AuditEntry>> change, CancellationToken cancellationToken) =>
        ChangeAsync(async (context, token) => (true, await change(context, token)), cancellationToken);

    /// <summary>Something that happened and changed nothing else.</summary>
    public Task RecordAsync(AuditEntry entry, CancellationToken cancellationToken) => ChangeAsync((_, _) => Task.FromResult(entry), cancellationToken);

    /// <summary>Until the end of the transaction. SQLite's transactions are already one after the other.</summary>
    public static Task LockAsync(HostDbContext context, CancellationToken cancellationToken) =>
        context is PostgresHostDbContext ? context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({ServerLock})", cancellationToken) : Task.CompletedTask;
}
