using Beep.Host.Jobs.Lifecycle;
using Beep.Host.Tasks;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Jobs.Queueing;

/// <summary>Keeps the queue of jobs moving on this host, and no job in a state that its task does not bear out.</summary>
internal sealed partial class JobScheduler(JobService jobs, JobQueue queue, JobSignals signals, TaskSignals taskSignals, TaskOptions options, TimeProvider time, ILogger<JobScheduler> logger) : BackgroundService
{
    // Several that end or come at about the same time are one look.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var looked = (long?)null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var (change, work) = (signals.NextChange, taskSignals.NextWork);
            try
            {
                if (looked is not { } last || time.GetElapsedTime(last) >= options.Poll)
                {
                    looked = time.GetTimestamp();
                    await jobs.ReconcileAsync(stoppingToken).ConfigureAwait(false);
                }

                if (await queue.CanHandOverAsync(stoppingToken).ConfigureAwait(false))
                {
                    await jobs.HandOverAsync(stoppingToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // The database may be away for a while; nothing that fails here may end the queue.
            catch (Exception error)
            {
                Log.NotDone(logger, error);
            }
#pragma warning restore CA1031

            await ((Task)Task.WhenAny(change, work, Task.Delay(options.Poll, time, stoppingToken))).ConfigureAwait(false);
            await Task.Delay(Gather, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The queue of jobs could not be worked on; trying again.")]
        public static partial void NotDone(ILogger logger, Exception error);
    }
}
