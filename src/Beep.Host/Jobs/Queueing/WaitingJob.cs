namespace Beep.Host.Jobs.Queueing;

/// <summary>A job that waits for its turn.</summary>
/// <param name="Seq">Which.</param>
/// <param name="Id">The same by its public id.</param>
/// <param name="OwnerId">Whose.</param>
/// <param name="Priority">The higher is begun sooner.</param>
/// <param name="QueuedAt">Since when.</param>
/// <param name="ResourceClass">What it needs.</param>
/// <param name="Seconds">How long it may take; null where nobody knows.</param>
internal sealed record WaitingJob(long Seq, string Id, long OwnerId, int Priority, DateTimeOffset QueuedAt, string ResourceClass, double? Seconds = null);

/// <summary>What a user has of the machines.</summary>
/// <param name="Running">Jobs that run or were handed over.</param>
/// <param name="LastStart">When one of them was begun last; null for never.</param>
/// <param name="Limit">How many may run; null for no limit.</param>
internal sealed record OwnerShare(int Running, DateTimeOffset? LastStart, int? Limit)
{
    public bool IsFull => Limit is { } limit && Running >= limit;
}
