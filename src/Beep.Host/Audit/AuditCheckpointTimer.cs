using Beep.Host.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Audit;

/// <summary>Writes the hourly checkpoint while no row comes: what was written before cannot be cut off unseen for longer.</summary>
internal sealed partial class AuditCheckpointTimer(HostDatabase database, AuditCheckpoints checkpoints, TimeProvider time, ILogger<AuditCheckpointTimer> logger) : BackgroundService
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Offers the head as it is now.</summary>
    public async Task OfferAsync(CancellationToken cancellationToken)
    {
        var context = database.CreateContext();
        await using var _ = context.ConfigureAwait(false);
        var last = await context.Set<AuditRow>().AsNoTracking().OrderByDescending(row => row.Seq).Select(row => new { row.Seq, row.Hash }).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        if (last is not null)
        {
            var instanceId = (await context.Set<Instance>().AsNoTracking().SingleAsync(cancellationToken).ConfigureAwait(false)).InstanceId;
            checkpoints.Offer(new AuditHead(instanceId, last.Seq, last.Hash), isWanted: true);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Hour, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await OfferAsync(stoppingToken).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A database that is away for a while must not end the server; the next hour tries again.
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Log.NotWritten(logger, error);
            }
#pragma warning restore CA1031
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The hourly checkpoint of the audit log could not be written; the next hour tries again.")]
        public static partial void NotWritten(ILogger logger, Exception error);
    }
}
