using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Tasks;

/// <summary>What of this host is free for tasks.</summary>
internal sealed class TaskSlots(TaskOptions options)
{
    private readonly Lock _gate = new();
    private readonly SortedSet<int> _gpus = [.. options.Gpus];
    private int _io = options.IoSlots;
    private int _cpu = options.CpuSlots;
    private int _remote = options.RemoteSlots;

    /// <summary>Every class for which there is room, and for how many tasks.</summary>
    public IReadOnlyList<(string Class, int Most)> Offers()
    {
        lock (_gate)
        {
            return [.. new[] { (ResourceClass.Io, _io), (ResourceClass.Cpu, _cpu), (ResourceClass.Remote, _remote) }.Where(offer => offer.Item2 > 0),
                .. Enumerable.Range(1, _gpus.Count).Select(count => (ResourceClass.Gpu(count), _gpus.Count / count))];
        }
    }

    /// <summary>Takes what a class needs; null when there is no room, or no GPU with enough free memory.</summary>
    /// <param name="resourceClass">How many of what.</param>
    /// <param name="need">What the GPUs must be like; null for any.</param>
    /// <param name="readings">What their tools say of them now; one of which nothing is known is taken for free.</param>
    public TakenSlot? TryTake(string resourceClass, GpuNeed? need, IReadOnlyList<GpuReading> readings)
    {
        lock (_gate)
        {
            var gpus = ResourceClass.GpusOf(resourceClass);
            if (gpus > 0)
            {
                // The emptiest first: what other programs hold there is not told by their number.
                var free = readings.ToDictionary(reading => reading.Index, reading => reading.FreeBytes);
                var fitting = _gpus.Where(gpu => need?.Devices?.Contains(gpu) != false && (need?.FreeBytes ?? 0) <= free.GetValueOrDefault(gpu, long.MaxValue));
                var taken = fitting.OrderByDescending(gpu => free.GetValueOrDefault(gpu)).Take(gpus).Order().ToList();
                if (taken.Count < gpus)
                {
                    return null;
                }

                _gpus.ExceptWith(taken);
                return new TakenSlot(resourceClass, taken);
            }

            ref var places = ref Places(resourceClass);
            if (places == 0)
            {
                return null;
            }

            places--;
            return new TakenSlot(resourceClass, []);
        }
    }

    /// <summary>Takes what a process holds already, also where that is more than there is: nothing else begins until it is given back.</summary>
    public TakenSlot TakeHeld(string resourceClass, IReadOnlyList<int> gpus)
    {
        lock (_gate)
        {
            if (gpus.Count > 0)
            {
                _gpus.ExceptWith(gpus);
            }
            else if (ResourceClass.GpusOf(resourceClass) == 0)
            {
                Places(resourceClass)--;
            }

            return new TakenSlot(resourceClass, gpus);
        }
    }

    public void GiveBack(TakenSlot slot)
    {
        lock (_gate)
        {
            if (slot.Gpus.Count > 0)
            {
                _gpus.UnionWith(slot.Gpus);
            }
            else if (ResourceClass.GpusOf(slot.Class) == 0)
            {
                Places(slot.Class)++;
            }
        }
    }

    private ref int Places(string resourceClass)
    {
        switch (resourceClass)
        {
            case ResourceClass.Cpu:
                return ref _cpu;
            case ResourceClass.Remote:
                return ref _remote;
            default:
                return ref _io;
        }
    }
}

/// <summary>What a running task has of the host.</summary>
internal sealed record TakenSlot(string Class, IReadOnlyList<int> Gpus);
