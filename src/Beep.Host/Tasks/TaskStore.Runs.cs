using System.Text.Json;
using Beep.Host.Audit;
using Beep.Host.Data;
using Beep.Host.Hosting.Processes;
using Microsoft.EntityFrameworkCore;

namespace Beep.Host.Tasks;

/// <content>What hosts do with the tasks that they run.</content>
internal sealed partial class TaskStore
{
    /// <summary>Takes what waits, oldest first, as long as <paramref name="take"/> has room for it.</summary>
    public Task<IReadOnlyList<TaskRow>> ClaimAsync(string hostId, TimeSpan lease, IReadOnlyCollection<string> kinds, IReadOnlyList<(string Class, int Most)> offers, Func<TaskRow, bool> take, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<TaskRow>>(async (context, now, token) =>
        {
            List<TaskRow> waiting = [];
            foreach (var (resourceClass, most) in offers)
            {
                waiting.AddRange(await context.Set<TaskRow>()
                    .Where(task => task.Status == TaskState.Pending && task.ResourceClass == resourceClass && kinds.Contains(task.Kind))
                    .OrderBy(task => task.Seq).Take(most).ToListAsync(token).ConfigureAwait(false));
            }

            var taken = waiting.OrderBy(task => task.Seq).Where(take).ToList();
            foreach (var row in taken)
            {
                row.Become(TaskState.Running);
                (row.HostId, row.HeartbeatAt, row.LeaseExpiresAt) = (hostId, now, now + lease);
                (row.Attempts, row.StartedAt, row.Progress, row.Message, row.Steps) = (row.Attempts + 1, row.StartedAt ?? now, 0, null, null);
                Tell(context, row, TaskEventTypes.Started, now);
            }

            return taken;
        }, cancellationToken);

    /// <summary>Says that the host is there; returns what it still holds.</summary>
    public Task<IReadOnlyList<HeldTask>> RenewAsync(string hostId, TimeSpan lease, IReadOnlyCollection<long> seqs, CancellationToken cancellationToken) => WriteAsync<IReadOnlyList<HeldTask>>(async (context, now, token) =>
    {
        var held = context.Set<TaskRow>().Where(task => task.Status == TaskState.Running && task.HostId == hostId && seqs.Contains(task.Seq));
        await held.ExecuteUpdateAsync(set => set.SetProperty(task => task.HeartbeatAt, now).SetProperty(task => task.LeaseExpiresAt, now + lease), token).ConfigureAwait(false);
        return await held.Select(task => new HeldTask(task.Seq, task.Attempts)).ToListAsync(token).ConfigureAwait(false);
    }, cancellationToken);

    /// <summary>Stores how far a run is; false when the run has lost the task.</summary>
    public Task<bool> ReportAsync(TaskLease lease, int progress, string? message, IReadOnlyList<TaskStep> steps, CancellationToken cancellationToken) => HeldAsync(lease, (context, row, now, _) =>
    {
        row.Progress = Math.Clamp(progress, 0, 100);
        row.Message = message is null ? row.Message : Cut(message, TaskRow.LongestMessage);
        row.Steps = steps.Count == 0 ? null : JsonSerializer.Serialize(steps, TaskJson.Options);
        Tell(context, row, TaskEventTypes.Progress, now);
        return Task.CompletedTask;
    }, cancellationToken);

    /// <summary>Stores which child a run has started; false when the run has lost the task.</summary>
    public Task<bool> RecordProcessAsync(TaskLease lease, ProcessIdentity process, CancellationToken cancellationToken) => HeldAsync(lease, (_, row, _, _) =>
    {
        row.Process = process.ToString();
        row.Version++;
        return Task.CompletedTask;
    }, cancellationToken);

    /// <summary>Ends a task; false when the run has lost it.</summary>
    public Task<bool> FinishAsync(TaskLease lease, TaskEnd end, CancellationToken cancellationToken) => HeldAsync(lease, (context, row, now, token) =>
    {
        End(context, row, end, now);
        return AuditAsync(context, row, AuditActors.System, $"task_{end.State.Word()}", end.State == TaskState.Failed ? AuditOutcome.Failed : AuditOutcome.Succeeded, end.Fault?.Code, token);
    }, cancellationToken);

    /// <summary>Puts a task whose work has stopped back into the queue, or ends it where that was wanted; false when the run has lost it.</summary>
    public Task<bool> RequeueAsync(TaskLease lease, string reason, bool isAttempt, CancellationToken cancellationToken) => HeldAsync(lease, (context, row, now, token) =>
    {
        if (row.CancelRequestedAt is not null)
        {
            End(context, row, new TaskEnd(TaskState.Cancelled), now);
            return AuditAsync(context, row, AuditActors.System, "task_cancelled", AuditOutcome.Succeeded, reason, token);
        }

        row.Become(TaskState.Pending);
        row.Attempts -= isAttempt ? 0 : 1;
        Release(row);
        Tell(context, row, TaskEventTypes.Requeued, now);
        return AuditAsync(context, row, AuditActors.System, "task_requeued", AuditOutcome.Succeeded, reason, token);
    }, cancellationToken);

    /// <summary>Gives a task up whose process goes on: the next host that looks takes it over. False when the run has lost it.</summary>
    public Task<bool> LeaveAsync(TaskLease lease, CancellationToken cancellationToken) => HeldAsync(lease, (_, row, now, _) =>
    {
        (row.HostId, row.LeaseExpiresAt, row.Version) = (null, now, row.Version + 1);
        return Task.CompletedTask;
    }, cancellationToken);

    /// <summary>Takes the tasks over whose host is dead, or has been silent for longer than its lease; they stay in their state.</summary>
    /// <param name="mine">What this host runs now.</param>
    /// <param name="isDead">Whether a host is known to have ended.</param>
    public Task<IReadOnlyList<TaskRow>> TakeOverAsync(string hostId, TaskOptions options, IReadOnlyCollection<long> mine, IReadOnlyCollection<string> kinds, Func<string, bool> isDead, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<TaskRow>>(async (context, now, token) =>
        {
            var running = await context.Set<TaskRow>().Where(task => task.Status == TaskState.Running && kinds.Contains(task.Kind) && !mine.Contains(task.Seq)).OrderBy(task => task.Seq).ToListAsync(token).ConfigureAwait(false);
            var lost = running.Where(row => IsLeftHere(row) || row.LeaseExpiresAt + Patience(row, options) < now || (row.HostId is { } host && isDead(host))).ToList();
            foreach (var row in lost)
            {
                (row.HostId, row.HeartbeatAt, row.LeaseExpiresAt, row.Version) = (hostId, now, now + options.Lease, row.Version + 1);
            }

            return lost;
        }, cancellationToken);

    /// <summary>Whether nobody holds it and its process, if it has one, is of this machine.</summary>
    private static bool IsLeftHere(TaskRow row) => row.HostId is null && ProcessIdentity.Parse(row.Process) is (null or { IsOnThisMachine: true } or { IsOfFormerBoot: true });

    /// <summary>Only its own machine can see whether a child is gone: others wait longer, for a host of that machine to come back.</summary>
    private static TimeSpan Patience(TaskRow row, TaskOptions options) =>
        ProcessIdentity.Parse(row.Process) is { IsOnThisMachine: false, IsOfFormerBoot: false } ? options.OtherMachineGrace : TimeSpan.Zero;

    private Task<bool> HeldAsync(TaskLease lease, Func<HostDbContext, TaskRow, DateTimeOffset, CancellationToken, Task> change, CancellationToken cancellationToken) => WriteAsync(async (context, now, token) =>
    {
        var row = await context.Set<TaskRow>().SingleOrDefaultAsync(
            task => task.Seq == lease.Seq && task.Status == TaskState.Running && task.HostId == lease.HostId && task.Attempts == lease.Attempt, token).ConfigureAwait(false);
        if (row is null)
        {
            return false;
        }

        await change(context, row, now, token).ConfigureAwait(false);
        return true;
    }, cancellationToken);
}

/// <summary>A task that a host holds.</summary>
internal sealed record HeldTask(long Seq, int Attempt);
