using Beep.Host.Hosting.Gpus;
using Beep.Host.Tasks;

namespace Beep.Host.Tests.Tasks;

/// <summary>Which GPUs tasks get.</summary>
public sealed class TaskSlotsTests
{
    private const long Gibibyte = 1L << 30;

    private readonly TaskSlots _slots = new(new TaskOptions { Gpus = [0, 1, 2], CpuSlots = 1, RemoteSlots = 1 }, TimeProvider.System);

    private readonly IReadOnlyList<GpuReading> _readings = [Reading(0, 20), Reading(1, 4), Reading(2, 0)];

    [Fact]
    public void TryTake_AnyGpu_IsTheEmptiestThatFits()
    {
        Assert.Equal([2], Take(1, new GpuNeed(null, 10 * Gibibyte)));
        Assert.Equal([1], Take(1, new GpuNeed(null, 10 * Gibibyte)));
        // Of the last one another program holds too much, until it lets go.
        Assert.Null(Take(1, new GpuNeed(null, 10 * Gibibyte)));
        Assert.Equal([0], Take(1, new GpuNeed(null, 3 * Gibibyte)));
    }

    [Fact]
    public void TryTake_NamedGpus_AreTheseOrNone()
    {
        Assert.Equal([0, 1], Take(2, new GpuNeed([1, 0], null)));
        Assert.Null(Take(2, new GpuNeed([1, 2], null)));
        Assert.Equal([2], Take(1, new GpuNeed([2], null)));
    }

    [Fact]
    public void TryTake_WithoutATool_CountsOnly() =>
        Assert.Equal([0, 1, 2], _slots.TryTake(ResourceClass.Gpu(3), new GpuNeed(null, 100 * Gibibyte), [])?.Gpus);

    [Fact]
    public void TryTake_PlacesOfOtherKinds_AreCountedApart()
    {
        var cpu = _slots.TryTake(ResourceClass.Cpu, null, []);
        Assert.NotNull(cpu);
        Assert.NotNull(_slots.TryTake(ResourceClass.Remote, null, []));
        Assert.Null(_slots.TryTake(ResourceClass.Cpu, null, []));
        Assert.Null(_slots.TryTake(ResourceClass.Remote, null, []));
        _slots.GiveBack(cpu);
        Assert.NotNull(_slots.TryTake(ResourceClass.Cpu, null, []));
    }

    private static GpuReading Reading(int index, int used) => new(index, "GPU", null, used * Gibibyte, 24 * Gibibyte);

    private IReadOnlyList<int>? Take(int count, GpuNeed need) => _slots.TryTake(ResourceClass.Gpu(count), need, _readings)?.Gpus;
}
