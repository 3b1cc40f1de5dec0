using Beep.Host.Jobs.Queueing;

namespace Beep.Host.Tests.Jobs.Queueing;

public sealed class JobOrderTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Next_HigherPriority_GoesFirst() =>
        Assert.Equal("c a b", Next([Job("a", 1, at: 1), Job("b", 1, at: 2), Job("c", 2, at: 3, priority: 5)], []));

    [Fact]
    public void Next_TwoOwnersOnOneSlot_TakeTurns()
    {
        WaitingJob[] waiting = [Job("a1", 1, at: 1), Job("a2", 1, at: 2), Job("a3", 1, at: 3), Job("b1", 2, at: 4), Job("b2", 2, at: 5)];
        Assert.Equal("a1 b1 a2 b2 a3", Next(waiting, []));
        // Whoever was served longer ago is next, with as many running.
        Assert.Equal("b1", Next(waiting, new() { [1] = new(0, Now, null), [2] = new(0, Now.AddMinutes(-5), null) }, room: 1));
        Assert.Equal("b1", Next(waiting, new() { [1] = new(1, Now.AddMinutes(-5), null), [2] = new(0, Now, null) }, room: 1));
    }

    [Fact]
    public void Next_OwnerAtTheLimit_IsPassedOver()
    {
        WaitingJob[] waiting = [Job("a1", 1, at: 1, priority: 9), Job("b1", 2, at: 2), Job("b2", 2, at: 3)];
        Dictionary<long, OwnerShare> shares = new() { [1] = new(2, Now, 2), [2] = new(0, null, 1) };
        Assert.Equal("b1", Next(waiting, shares));
        Assert.Equal("b1 a1 b2", string.Join(' ', JobOrder.Sort(waiting, shares, Now).Select(job => job.Id)));
    }

    [Fact]
    public void Next_NoRoom_IsNobody() => Assert.Equal("", Next([Job("a", 1, at: 1)], [], room: 0));

    private static WaitingJob Job(string id, long owner, int at, int priority = 0) => new(at, id, owner, priority, Now.AddMinutes(at), "cpu");

    private static string Next(WaitingJob[] waiting, Dictionary<long, OwnerShare> shares, int room = 10) => string.Join(' ', JobOrder.Next(waiting, shares, Now, room).Select(job => job.Id));
}
