using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Tasks;

/// <summary>What of this host is free for tasks.</summary>
internal sealed class TaskSlots(TaskOptions options, TimeProvider time)
{
    // The memory of a process that has ended is counted as used for a while, until a tool is asked again.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    // Of GPUs, not the oldest decide alone: one that fits nowhere now must not keep all others from a look.
    private const int LookedAt = 50;

    private readonly Lock _gate = new();
    private readonly SortedSet<int> _gpus = [.. options.Gpus];
    private readonly Dictionary<int, long> _givenBack = [];
    private int _io = options.IoSlots;
    private int _cpu = options.CpuSlots;
    private int _remote = options.RemoteSlots;

    /// <summary>Every class for which there is room, and how many tasks of it are worth a look; of GPUs those too that wait for more of them.</summary>
    public IReadOnlyList<(string Class, int Most)> Offers()
    {
        lock (_gate)
        {
            return [.. new[] { (ResourceClass.Io, _io), (ResourceClass.Cpu, _cpu), (ResourceClass.Remote, _remote) }.Where(offer => offer.Item2 > 0),
                .. Enumerable.Range(1, _gpus.Count > 0 ? options.Gpus.Count : 0).Select(count => (ResourceClass.Gpu(count), LookedAt))];
        }
    }

    /// <summary>Takes what a class needs; null when there is no room, or no GPU with enough free memory.</summary>
    /// <param name="resourceClass">How many of what.</param>
    /// <param name="need">What the GPUs must be like; null for any.</param>
    /// <param name="readings">What their tools say of them now; one of which nothing is known is taken for free.</param>
    /// <param name="held">GPUs that are kept for others; null for none.</param>
    public TakenSlot? TryTake(string resourceClass, GpuNeed? need, IReadOnlyList<GpuReading> readings, IReadOnlySet<int>? held = null)
    {
        lock (_gate)
        {
            var gpus = ResourceClass.GpusOf(resourceClass);
            if (gpus > 0)
            {
                // The emptiest first: what other programs hold there is not told by their number.
                var free = readings.ToDictionary(reading => reading.Index, reading => reading.FreeBytes);
                var fitting = _gpus.Where(gpu => held?.Contains(gpu) != true && need?.Devices?.Contains(gpu) != false && (need?.FreeBytes ?? 0) <= free.GetValueOrDefault(gpu, long.MaxValue));
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

    /// <summary>
    /// The GPUs that a task which finds no room now can have when the tasks that run here have ended; empty where these are too few: what
    /// other programs hold is nobody's to wait for.
    /// </summary>
    public IReadOnlySet<int> CanServe(string resourceClass, GpuNeed? need, IReadOnlyList<GpuReading> readings)
    {
        lock (_gate)
        {
            var known = readings.ToDictionary(reading => reading.Index);
            var able = options.Gpus.Where(gpu => need?.Devices?.Contains(gpu) != false && (need?.FreeBytes is not { } bytes || !known.TryGetValue(gpu, out var reading)
                || (bytes <= reading.TotalBytes && (bytes <= reading.FreeBytes || !_gpus.Contains(gpu) || (_givenBack.TryGetValue(gpu, out var since) && time.GetElapsedTime(since) < Settling))))).ToHashSet();
            return able.Count >= ResourceClass.GpusOf(resourceClass) ? able : new HashSet<int>();
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
                foreach (var gpu in slot.Gpus)
                {
                    _givenBack[gpu] = time.GetTimestamp();
                }
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
