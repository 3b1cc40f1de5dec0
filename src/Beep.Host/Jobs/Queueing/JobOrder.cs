namespace Beep.Host.Jobs.Queueing;

/// <summary>
/// Who is next: the highest priority; of those, the owner with the fewest running jobs; of those, the owner whose last start is longest
/// ago, so that two who share one slot take turns; then whoever waits longest. Who runs as many as the quota allows waits.
/// </summary>
internal static class JobOrder
{
    /// <summary>The jobs in the order of their turns, as if none that runs ended; those that a quota holds come last.</summary>
    public static IReadOnlyList<WaitingJob> Sort(IEnumerable<WaitingJob> waiting, IReadOnlyDictionary<long, OwnerShare> shares, DateTimeOffset now) => Take(waiting, shares, now, int.MaxValue, holdsQuota: false);

    /// <summary>The next jobs, as many as there is room for; none that a quota holds.</summary>
    public static IReadOnlyList<WaitingJob> Next(IEnumerable<WaitingJob> waiting, IReadOnlyDictionary<long, OwnerShare> shares, DateTimeOffset now, int room) => Take(waiting, shares, now, room, holdsQuota: true);

    private static List<WaitingJob> Take(IEnumerable<WaitingJob> waiting, IReadOnlyDictionary<long, OwnerShare> shares, DateTimeOffset now, int room, bool holdsQuota)
    {
        var lines = waiting.GroupBy(job => job.OwnerId).ToDictionary(
            owner => owner.Key,
            owner => new Queue<WaitingJob>(owner.OrderByDescending(job => job.Priority).ThenBy(job => job.QueuedAt).ThenBy(job => job.Seq)));
        var state = lines.Keys.ToDictionary(owner => owner, owner => shares.GetValueOrDefault(owner) ?? new OwnerShare(0, null, null));
        List<WaitingJob> taken = [];
        while (taken.Count < room)
        {
            var next = lines.Where(line => line.Value.Count > 0 && !(holdsQuota && state[line.Key].IsFull))
                .OrderBy(line => state[line.Key].IsFull)
                .ThenByDescending(line => line.Value.Peek().Priority)
                .ThenBy(line => state[line.Key].Running)
                .ThenBy(line => state[line.Key].LastStart ?? DateTimeOffset.MinValue)
                .ThenBy(line => line.Value.Peek().QueuedAt)
                .ThenBy(line => line.Value.Peek().Seq)
                .Select(line => line.Value).FirstOrDefault();
            if (next is null)
            {
                break;
            }

            var job = next.Dequeue();
            taken.Add(job);
            // Each place that is given counts as a start a little later than the one before.
            state[job.OwnerId] = state[job.OwnerId] with { Running = state[job.OwnerId].Running + 1, LastStart = now.AddTicks(taken.Count) };
        }

        return taken;
    }
}
