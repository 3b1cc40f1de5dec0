using System.Text.Json;
using Beep.Host.Hosting;
using Beep.Host.Jobs.Stored;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Queueing;

/// <summary>A job that waits or runs, as far as the queue is concerned.</summary>
internal sealed record ActiveJob(
    long Seq, string Id, long OwnerId, int Priority, DateTimeOffset QueuedAt, string ResourceClass, JobState State, string? TaskId, DateTimeOffset? StartedAt, long Step, long TotalSteps, string? Plan)
{
    public bool IsWaiting => State == JobState.Queued && TaskId is null;

    /// <summary>How long the planner said that it takes.</summary>
    public double? PlannedSeconds
    {
        get
        {
            if (Plan is null)
            {
                return null;
            }

            using var plan = JsonDocument.Parse(Plan);
            return plan.RootElement.TryGetProperty("work", out var work) && work.ValueKind == JsonValueKind.Object && work.TryGetProperty("seconds", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetDouble(out var found) ? found : null;
        }
    }

    /// <summary>How long it goes on: as its steps tell, else as it was planned.</summary>
    public double? Remaining(DateTimeOffset now)
    {
        if (StartedAt is not { } started)
        {
            return PlannedSeconds;
        }

        var elapsed = Math.Max(0, (now - started).TotalSeconds);
        return Step > 0 && TotalSteps >= Step ? elapsed / Step * (TotalSteps - Step) : PlannedSeconds is { } planned ? Math.Max(0, planned - elapsed) : null;
    }
}

/// <summary>Where a job stands in the queue.</summary>
/// <param name="Position">1 is next; null for one that was handed over.</param>
/// <param name="Reason">What it waits for, for people.</param>
/// <param name="StartsInSeconds">About when it begins; null where nobody can say.</param>
internal sealed record QueuePlace(int? Position, string Reason, double? StartsInSeconds);

/// <summary>Who waits and who runs at one instant.</summary>
internal sealed class QueueView
{
    private readonly IReadOnlyList<ActiveJob> _active;
    private readonly IReadOnlyDictionary<long, OwnerShare> _shares;
    private readonly JobSlots _slots;
    private readonly DateTimeOffset _now;
    private readonly Dictionary<string, IReadOnlyList<WaitingJob>> _lines;

    public QueueView(IReadOnlyList<ActiveJob> active, IReadOnlyDictionary<long, OwnerShare> shares, JobSlots slots, DateTimeOffset now)
    {
        (_active, _shares, _slots, _now) = (active, shares, slots, now);
        _lines = active.Where(job => job.IsWaiting)
            .Select(job => new WaitingJob(job.Seq, job.Id, job.OwnerId, job.Priority, job.QueuedAt, job.ResourceClass, job.PlannedSeconds))
            .GroupBy(job => job.ResourceClass).ToDictionary(line => line.Key, line => JobOrder.Sort(line, shares, now), StringComparer.Ordinal);
    }

    /// <summary>The place of a job that is in the queue; null for any other.</summary>
    public QueuePlace? PlaceOf(string jobId)
    {
        if (_active.FirstOrDefault(job => job.Id == jobId) is not { State: JobState.Queued } job)
        {
            return null;
        }

        if (!job.IsWaiting)
        {
            return new QueuePlace(null, ResourceClass.GpusOf(job.ResourceClass) > 0 ? "It is its turn: it begins as soon as GPUs with enough free memory are free." : "It is its turn: it begins as soon as a slot is free.", 0);
        }

        var line = _lines[job.ResourceClass];
        return Place(line, line.TakeWhile(waiting => waiting.Id != jobId).Count(), job.OwnerId);
    }

    /// <summary>The place that a new job of an owner would get.</summary>
    public QueuePlace PlaceOfNew(long ownerId, int priority, string resourceClass)
    {
        var wanted = new WaitingJob(long.MaxValue, "", ownerId, priority, _now, resourceClass);
        var line = JobOrder.Sort([.. _lines.GetValueOrDefault(resourceClass) ?? [], wanted], _shares, _now);
        return Place(line, line.TakeWhile(waiting => waiting.Id.Length > 0).Count(), ownerId);
    }

    private QueuePlace Place(IReadOnlyList<WaitingJob> line, int ahead, long ownerId)
    {
        var (wanted, share) = (line[ahead], _shares.GetValueOrDefault(ownerId));
        var starts = StartsIn(line.Take(ahead), wanted.ResourceClass, share is { IsFull: true } ? ownerId : null);
        if (share is { IsFull: true, Limit: { } limit })
        {
            return new QueuePlace(ahead + 1, $"It waits: your limit of {Units.Count(limit, "running job")}.", starts);
        }

        return new QueuePlace(
            ahead + 1,
            ahead > 0 ? $"It waits for {Units.Count(ahead, "job")} before it." : starts == 0 ? "It begins at once." : "It is next: it waits for a free slot.",
            starts);
    }

    /// <summary>Lets what runs end and what is ahead run, one after the other in each slot.</summary>
    private double? StartsIn(IEnumerable<WaitingJob> ahead, string resourceClass, long? limitedOwner)
    {
        var running = _active.Where(job => !job.IsWaiting && job.ResourceClass == resourceClass).ToList();
        var (slots, free) = (new PriorityQueue<double, double>(), _slots.Of(resourceClass));
        foreach (var remaining in running.Select(job => job.Remaining(_now)))
        {
            if (remaining is not { } seconds)
            {
                return null;
            }

            slots.Enqueue(seconds, seconds);
        }

        // Runs of other hosts are among them: then there are more slots than this host's.
        for (var idle = slots.Count; idle < free; idle++)
        {
            slots.Enqueue(0, 0);
        }

        foreach (var job in ahead)
        {
            if (job.Seconds is not { } seconds || slots.Count == 0)
            {
                return null;
            }

            var begins = slots.Dequeue();
            slots.Enqueue(begins + seconds, begins + seconds);
        }

        var first = slots.Count > 0 ? slots.Peek() : (double?)null;
        return limitedOwner is { } owner && running.Where(job => job.OwnerId == owner).Select(job => job.Remaining(_now)).Min() is { } ends ? Math.Max(ends, first ?? 0) : first;
    }
}
