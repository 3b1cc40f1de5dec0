using System.Text.RegularExpressions;
using Beep.Contracts;
using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Audit;

/// <summary>
/// Appends rows in the transaction of the change that they describe: both are there or neither. Appends wait for each
/// other until the commit, so append last.
/// </summary>
internal sealed partial class AuditWriter(AuditKey key, AuditText text, AuditCheckpoints checkpoints, TimeProvider time)
{
    /// <summary>The code of the fault that another home signs this database's log.</summary>
    public const string KeyChanged = "audit_key_changed";

    // Any number that nothing else in the database locks.
    private const long ChainLock = 0x6265_6570_6175_6469;

    /// <summary>Makes a change and its row in a transaction of their own.</summary>
    public async Task WriteAsync(HostDbContext context, Func<CancellationToken, Task<AuditEntry>> change, CancellationToken cancellationToken)
    {
        // SQLite's is an immediate one: it waits its turn here and not in the middle.
        var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = transaction.ConfigureAwait(false);
        await AppendAsync(context, await change(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The same for changes that must come one after the other in the whole database, and that give a result. SQLite lets only one write at a time;
    /// PostgreSQL holds them by a lock.
    /// </summary>
    /// <param name="context">Of the change.</param>
    /// <param name="order">A number that nothing else in the database locks.</param>
    /// <param name="change">Makes the change and says what it was.</param>
    /// <param name="cancellationToken">Stops before the commit.</param>
    public async Task<T> ChangeAsync<T>(HostDbContext context, long order, Func<HostDbContext, CancellationToken, Task<(T Result, AuditEntry Entry)>> change, CancellationToken cancellationToken)
    {
        T result = default!;
        await WriteAsync(context, async token =>
        {
            if (context is PostgresHostDbContext)
            {
                await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({order})", token).ConfigureAwait(false);
            }

            (result, var entry) = await change(context, token).ConfigureAwait(false);
            return entry;
        }, cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>Saves what is pending in the context, with a row about it; where that fails the whole transaction is rolled back.</summary>
    public async Task AppendAsync(HostDbContext context, AuditEntry entry, CancellationToken cancellationToken)
    {
        if (context.Database.CurrentTransaction is not { } transaction)
        {
            throw new InvalidOperationException($"The change that '{entry.Action}' describes is in no transaction. Begin one before the change, or use {nameof(WriteAsync)}.");
        }

        try
        {
            var head = await InsertAsync(context, entry, cancellationToken).ConfigureAwait(false);
            checkpoints.Hold(context, head);
        }
        catch
        {
            checkpoints.Release(context);
            await transaction.RollbackAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<AuditHead> InsertAsync(HostDbContext context, AuditEntry entry, CancellationToken cancellationToken)
    {
        if (context is PostgresHostDbContext)
        {
            await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({ChainLock})", cancellationToken).ConfigureAwait(false);
        }

        var last = await context.Set<AuditRow>().AsNoTracking().OrderByDescending(row => row.Seq)
            .Select(row => new { row.Seq, row.Hash, row.KeyId }).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        if (last is not null && last.KeyId != key.Id)
        {
            throw FaultException.Invalid(
                KeyChanged,
                $"The audit log is signed with the key '{last.KeyId}', and this home holds '{key.Id}'.",
                "Restore keys/audit.key from the backup, or copy it from the host that shares this database.",
                "keys/audit.key");
        }

        var instanceId = (await context.Set<Instance>().AsNoTracking().SingleAsync(cancellationToken).ConfigureAwait(false)).InstanceId;
        var row = CreateRow(entry, (last?.Seq ?? 0) + 1);
        row.Hash = key.Chain(last?.Hash ?? key.Genesis(instanceId), row);
        var added = context.Add(row);
        await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
        added.State = EntityState.Detached;
        return new AuditHead(instanceId, row.Seq, row.Hash);
    }

    private AuditRow CreateRow(AuditEntry entry, long seq)
    {
        if (!ActionName().IsMatch(entry.Action) || entry.Action.Length > AuditRow.LongestAction)
        {
            throw new ArgumentException($"The action '{entry.Action}' is not in snake_case or longer than {AuditRow.LongestAction}.", nameof(entry));
        }

        var details = entry.Details?.ToCanonicalJson(value => text.Clean(value, AuditRow.LongestDetails / 4));
        if (details?.Length > AuditRow.LongestDetails)
        {
            details = new AuditDetails { Reason = "details_too_long", Count = details.Length }.ToCanonicalJson(value => value);
        }

        return new AuditRow
        {
            Seq = seq,
            CreatedAt = time.GetUtcNow(),
            ActorKind = entry.Actor.Kind,
            ActorId = text.Clean(entry.Actor.Id, AuditRow.LongestId),
            ActorName = Clean(entry.Actor.Name, AuditRow.LongestId),
            SessionId = Clean(entry.Actor.SessionId, AuditRow.LongestId),
            IpAddress = Clean(entry.Actor.IpAddress, AuditRow.LongestIpAddress),
            Action = entry.Action,
            ResourceType = Clean(entry.ResourceType, AuditRow.LongestAction),
            ResourceId = Clean(entry.ResourceId, AuditRow.LongestId),
            Outcome = entry.Outcome,
            CorrelationId = Clean(entry.CorrelationId, AuditRow.LongestId),
            Details = details,
            KeyId = key.Id,
        };
    }

    private string? Clean(string? value, int longest) => value is null ? null : text.Clean(value, longest);

    [GeneratedRegex(@"\A[a-z]+(_[a-z0-9]+)*\z")]
    private static partial Regex ActionName();
}
