using Beep.Contracts;
using Beep.Host.Audit;
using Beep.Host.Cli.Databases;
using Beep.Host.Data;
using Beep.Host.Hosting;
using Beep.Host.Identity.SignIn;
using Beep.Host.Jobs.Training;
using Beep.Host.Tasks;

namespace Beep.Host.Cli.Quickstarting;

/// <summary>What the quickstart wants of a host: a task, and a way in for the person who watches it.</summary>
/// <param name="services">Those of its server, or those of a command beside one.</param>
/// <param name="paths">The home.</param>
internal sealed class QuickstartDesk(IServiceProvider services, HostPaths paths)
{
    private const string TaskName = "Quickstart: fine-tune beep-tiny";
    private const int MostLooked = 1000;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);

    private readonly TaskReader _reader = services.GetRequiredService<TaskReader>();

    /// <summary>The task of the job: the one that waits or runs, else a new one.</summary>
    public async Task<(string Id, bool IsNew)> EnqueueOnceAsync(JobFolder folder, CancellationToken cancellationToken)
    {
        foreach (var state in new[] { TaskState.Running, TaskState.Pending })
        {
            var tasks = await _reader.ListAsync(new TaskFilter { Kind = TrainHandler.KindName, Status = state }, before: null, MostLooked, cancellationToken).ConfigureAwait(false);
            if (tasks.FirstOrDefault(task => task.CancelRequestedAt is null && TrainInput.IsFor(task, paths, folder)) is { } known)
            {
                return (known.Id, false);
            }
        }

        var admin = await AdminLinks.FindAdminAsync(services.GetRequiredService<HostDatabase>(), name: null, cancellationToken).ConfigureAwait(false);
        var task = await services.GetRequiredService<TaskQueue>()
            .EnqueueAsync(TrainInput.TaskFor(paths, folder, TaskName, admin.Id), AuditActors.CommandLine, cancellationToken).ConfigureAwait(false);
        return (task.Id, true);
    }

    /// <summary>A link that signs the first Admin in once.</summary>
    public async Task<(string Link, string UserName)> MakeLinkAsync(Uri address, CancellationToken cancellationToken)
    {
        var (id, name) = await AdminLinks.FindAdminAsync(services.GetRequiredService<HostDatabase>(), name: null, cancellationToken).ConfigureAwait(false);
        var token = await services.GetRequiredService<SignInLinkService>().CreateAsync(id, AdminLinks.Lifetime, cancellationToken).ConfigureAwait(false);
        return (AdminLinks.Of(address, token), name);
    }

    /// <summary>The task as it is; null when it was removed.</summary>
    public Task<TaskRow?> FindAsync(string id, CancellationToken cancellationToken) => _reader.FindAsync(id, cancellationToken);

    /// <summary>Waits until the task has ended.</summary>
    public async Task WaitForEndAsync(string id, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await _reader.FindAsync(id, cancellationToken).ConfigureAwait(false) is not { } task || task.Status.IsEnd())
                {
                    return;
                }
            }
            catch (Exception error) when (TaskFaults.IsDatabaseAway(error) || error is OperationCanceledException)
            {
                // Looked at again in a moment.
            }

            await Task.Delay(Glance, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
