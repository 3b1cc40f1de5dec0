using Beep.Host.Hosting.Gpus;
using Beep.Host.Tasks;
using Beep.Tests;

namespace Beep.Host.Tests.Tasks;

/// <summary>Who may pass whom on the way to GPUs.</summary>
public sealed class GpuTurnsTests
{
    private const long Gibibyte = 1L << 30;

    private readonly ManualTime _time = new();
    private readonly TaskSlots _slots;
    private readonly GpuTurns _turns;

    public GpuTurnsTests()
    {
        _slots = new TaskSlots(new TaskOptions { Gpus = [0, 1] }, _time);
        _turns = new GpuTurns(_slots);
    }

    [Fact]
    public void TryTake_OfTwoGpusWhileOthersTakeOneEach_IsPassedAFewTimesOnly()
    {
        Queue<TakenSlot> running = new([_slots.TryTake(ResourceClass.Gpu(1), null, [])!, _slots.TryTake(ResourceClass.Gpu(1), null, [])!]);
        var passed = 0;
        for (var seq = 2; ; seq++)
        {
            // One ends, and a younger one waits already.
            _slots.GiveBack(running.Dequeue());
            Assert.Contains(_slots.Offers(), offer => offer.Class == ResourceClass.Gpu(2));
            var (both, next) = Look((1, 2, null), (seq, 1, null));
            if (both is not null)
            {
                Assert.Equal([0, 1], both.Gpus);
                break;
            }

            if (next is not null)
            {
                passed++;
                running.Enqueue(next);
            }
        }

        Assert.Equal(GpuTurns.MostPassed, passed);
    }

    [Fact]
    public void TryTake_WhileTheMemoryOfTheFormerIsStillCounted_KeepsTheGpuForTheOneThatNeedsMuch()
    {
        GpuReading[] stale = [Reading(0, 70), Reading(1, 70)];
        var need = new GpuNeed([0], 60 * Gibibyte);
        _slots.GiveBack(_slots.TryTake(ResourceClass.Gpu(1), new GpuNeed([0], null), [])!);
        for (var seq = 2; seq < 2 + GpuTurns.MostPassed; seq++)
        {
            var (_, younger) = Look(stale, (1, 1, need), (seq, 1, new GpuNeed([0], Gibibyte)));
            _slots.GiveBack(younger!);
        }

        Assert.Equal((null, null), Look(stale, (1, 1, need), (9, 1, new GpuNeed([0], Gibibyte))));
        // The other GPU cannot serve it, and waits for nobody.
        Assert.Equal([1], Look(stale, (1, 1, need), (9, 1, new GpuNeed(null, Gibibyte))).Second?.Gpus);
        Assert.Equal([0], Look([Reading(0, 0), Reading(1, 70)], (1, 1, need), (10, 1, null)).First?.Gpus);
    }

    [Fact]
    public void TryTake_OfMemoryThatAnotherProgramHolds_KeepsNothingFromOthers()
    {
        GpuReading[] readings = [Reading(0, 70), Reading(1, 70)];
        for (var seq = 2; seq < 20; seq++)
        {
            var (first, second) = Look(readings, (1, 1, new GpuNeed(null, 60 * Gibibyte)), (seq, 1, new GpuNeed(null, Gibibyte)));
            Assert.Null(first);
            Assert.NotNull(second);
            _slots.GiveBack(second);
            _time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    private static GpuReading Reading(int index, int used) => new(index, "GPU", null, used * Gibibyte, 80 * Gibibyte);

    private (TakenSlot? First, TakenSlot? Second) Look((long Seq, int Count, GpuNeed? Need) first, (long Seq, int Count, GpuNeed? Need) second) => Look([], first, second);

    private (TakenSlot? First, TakenSlot? Second) Look(GpuReading[] readings, (long Seq, int Count, GpuNeed? Need) first, (long Seq, int Count, GpuNeed? Need) second)
    {
        _turns.Begin();
        var slots = (_turns.TryTake(first.Seq, ResourceClass.Gpu(first.Count), first.Need, readings), _turns.TryTake(second.Seq, ResourceClass.Gpu(second.Count), second.Need, readings));
        _turns.End();
        return slots;
    }
}
