using Beep.Host.Hosting.Gpus;

namespace Beep.Host.Tasks;

/// <summary>
/// Sees to it that a task which needs several GPUs, certain ones, or much memory of one gets them although others need less: younger ones
/// may pass it a few times, and then leave the GPUs alone that can serve it until it has begun.
/// </summary>
internal sealed class GpuTurns(TaskSlots slots)
{
    /// <summary>How many younger ones may be given GPUs that a waiting one could use.</summary>
    public const int MostPassed = 3;

    private readonly Dictionary<long, int> _passed = [];
    private readonly List<(long Seq, IReadOnlySet<int> Able)> _waiting = [];
    private readonly HashSet<int> _held = [];

    /// <summary>Begins a look at what waits. The tasks are offered afterwards, oldest first.</summary>
    public void Begin()
    {
        _waiting.Clear();
        _held.Clear();
    }

    /// <summary>Takes what a task needs; null when there is no room for it now.</summary>
    public TakenSlot? TryTake(long seq, string resourceClass, GpuNeed? need, IReadOnlyList<GpuReading> readings)
    {
        if (slots.TryTake(resourceClass, need, readings, _held) is { } slot)
        {
            _passed.Remove(seq);
            foreach (var waiting in _waiting.Where(waiting => slot.Gpus.Any(waiting.Able.Contains)))
            {
                _passed[waiting.Seq] = _passed.GetValueOrDefault(waiting.Seq) + 1;
                Hold(waiting.Seq, waiting.Able);
            }

            return slot;
        }

        if (ResourceClass.GpusOf(resourceClass) > 0)
        {
            var able = slots.CanServe(resourceClass, need, readings);
            _waiting.Add((seq, able));
            Hold(seq, able);
        }

        return null;
    }

    /// <summary>Ends the look, and forgets what waits no more.</summary>
    public void End()
    {
        foreach (var gone in _passed.Keys.Except(_waiting.Select(waiting => waiting.Seq)).ToList())
        {
            _passed.Remove(gone);
        }
    }

    private void Hold(long seq, IReadOnlySet<int> able)
    {
        if (_passed.GetValueOrDefault(seq) >= MostPassed)
        {
            _held.UnionWith(able);
        }
    }
}
