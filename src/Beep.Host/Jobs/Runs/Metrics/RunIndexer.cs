using Beep.Contracts;
using Beep.Host.Data;
using Beep.Host.Hosting.Http;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>Reads along while jobs run, whether anybody watches or not, so that a long run is opened without reading it from its beginning.</summary>
internal sealed partial class RunIndexer(FineTuneDatabase database, RunMetrics metrics, TimeProvider time, ILogger<RunIndexer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IReadOnlyCollection<string> before = [];
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                var running = await RunningAsync(stoppingToken).ConfigureAwait(false);
                // What has ended since is read to its end.
                foreach (var id in running.Union(before, StringComparer.Ordinal))
                {
                    await metrics.CatchUpAsync(id, stoppingToken).ConfigureAwait(false);
                }

                before = running;
            }
            catch (Exception error) when (TaskFaults.IsDatabaseAway(error) || error is HttpFaultException or FaultException)
            {
                Log.Behind(logger, error.Message);
            }
        }
    }

    private async Task<IReadOnlyCollection<string>> RunningAsync(CancellationToken cancellationToken)
    {
        await using var context = database.CreateContext();
        return await context.Set<Job>().AsNoTracking().Where(job => job.State == JobState.Running || job.State == JobState.Cancelling).Select(job => job.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The figures of the running jobs were not read along: {Reason}")]
        public static partial void Behind(ILogger logger, string reason);
    }
}
