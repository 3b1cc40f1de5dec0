using Beep.Host.Data;
using Beep.Host.Jobs.Training;
using Beep.Host.Tasks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Beep.Host.Jobs.Queueing;

/// <summary>
/// How many more runs this host can take. Jobs are handed to the queue of tasks only when they can begin at once, since that queue knows
/// neither owners nor priorities; every host hands over for its own room.
/// </summary>
internal sealed class JobSlots(TaskOptions options, IServiceProvider services, TimeProvider time)
{
    private static readonly TimeSpan WaitAlone = TimeSpan.FromMinutes(1);

    // Found late: the runner is made after the handlers of tasks are.
    private readonly Lazy<string?> _hostId = new(() => services.GetServices<IHostedService>().OfType<TaskRunner>().SingleOrDefault()?.HostId);

    /// <summary>What tasks call this host; null where it runs none.</summary>
    public string? HostId => _hostId.Value;

    /// <summary>How many runs of a class this host can do at a time.</summary>
    public int Of(string resourceClass) => ResourceClass.GpusOf(resourceClass) is > 0 and var gpus
        ? options.Gpus.Count / gpus
        : resourceClass == ResourceClass.Remote ? options.RemoteSlots : options.CpuSlots;

    /// <summary>
    /// How many more there is room for now: nobody has taken those that wait, and this host runs its own. One that has waited for a while for
    /// GPUs finds none that are free enough; another one may fit.
    /// </summary>
    public async Task<int> FreeAsync(HostDbContext context, string resourceClass, CancellationToken cancellationToken)
    {
        if (HostId is not { } hostId)
        {
            return 0;
        }

        var recently = ResourceClass.GpusOf(resourceClass) > 0 ? time.GetUtcNow() - WaitAlone : DateTimeOffset.UnixEpoch;
        var taken = await context.Set<TaskRow>().CountAsync(
            task => task.ResourceClass == resourceClass && task.Kind == TrainHandler.KindName
                && ((task.Status == TaskState.Pending && task.CreatedAt > recently) || (task.Status == TaskState.Running && task.HostId == hostId)),
            cancellationToken).ConfigureAwait(false);
        return Math.Max(0, Of(resourceClass) - taken);
    }
}
