using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Beep.Host.Audit;

/// <summary>Writes a checkpoint after a commit when one is due: at the first row, then after 1,000 rows or an hour.</summary>
internal sealed partial class AuditCheckpoints(AuditCheckpointFile file, AuditKey key, TimeProvider time, ILogger<AuditCheckpoints>? logger = null) : DbTransactionInterceptor
{
    private const long MostRows = 1000;
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly ConditionalWeakTable<DbContext, AuditHead> _held = [];
    private readonly Lock _lock = new();
    private readonly ILogger _logger = logger ?? NullLogger<AuditCheckpoints>.Instance;
    private AuditCheckpoint? _last;

    /// <summary>Remembers a head until its transaction ends.</summary>
    public void Hold(DbContext context, AuditHead head) => _held.AddOrUpdate(context, head);

    /// <summary>Forgets it: the transaction came to nothing.</summary>
    public void Release(DbContext context) => _held.Remove(context);

    /// <summary>Writes a checkpoint of a committed head, when one is due or wanted.</summary>
    public void Offer(AuditHead head, bool isWanted = false)
    {
        lock (_lock)
        {
            var last = _last?.InstanceId == head.InstanceId ? _last : file.Read().Select(line => line.Checkpoint).LastOrDefault(found => found?.InstanceId == head.InstanceId && found.IsSignedBy(key));
            var now = time.GetUtcNow();
            if (last is not null && (head.Seq <= last.Seq || (!isWanted && head.Seq - last.Seq < MostRows && now - last.At < Longest)))
            {
                _last = last;
                return;
            }

            _last = AuditCheckpoint.Sign(head, now, key);
            file.Append(_last);
        }
    }

    public override void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => Committed(eventData.Context);

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Committed(eventData.Context);
        return Task.CompletedTask;
    }

    public override void TransactionRolledBack(DbTransaction transaction, TransactionEndEventData eventData) => _held.Remove(eventData.Context!);

    public override Task TransactionRolledBackAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        _held.Remove(eventData.Context!);
        return Task.CompletedTask;
    }

    private void Committed(DbContext? context)
    {
        if (context is null || !_held.TryGetValue(context, out var head))
        {
            return;
        }

        _held.Remove(context);
        try
        {
            Offer(head);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The change is committed; the next row tries again.
            _last = null;
            Log.NotWritten(_logger, file.Path, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The checkpoint of the audit log could not be appended to '{Path}'; the next row tries again.")]
        public static partial void NotWritten(ILogger logger, string path, Exception error);
    }
}
