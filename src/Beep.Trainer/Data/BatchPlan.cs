using Beep.Contracts;
using Beep.LanguageModels.Datasets.Tokens;
using Beep.LanguageModels.Packing;

namespace Beep.Trainer.Data;

/// <summary>Which rows each optimizer step sees. A function of the data and the spec alone: a resumed run needs just the step.</summary>
internal sealed class BatchPlan
{
    private readonly TokenStore _store;
    private readonly SequenceSet _sequences;
    private readonly JobSpec _spec;
    private int _epoch = -1;
    private int[] _order = [];

    public BatchPlan(TokenStore store, JobSpec spec)
    {
        (_store, _spec) = (store, spec);
        _sequences = Sequences(store, spec.Data, spec.Train.Seed);
        var microBatches = Ceiling(_sequences.Count, spec.Train.PerDeviceBatchSize);
        StepsPerEpoch = Ceiling(microBatches, spec.Train.GradientAccumulationSteps);
        TotalSteps = (int)Math.Min(int.MaxValue, spec.Train.TotalSteps(StepsPerEpoch));
    }

    /// <summary>Sequences after packing.</summary>
    public int SequenceCount => _sequences.Count;

    /// <summary>Tokens of the longest sequence; packed rows may together be longer than the model's context.</summary>
    public int LongestSequence => Enumerable.Range(0, _sequences.Count).Max(Length);

    /// <summary>Optimizer steps in which every row is visited once; the last may hold fewer rows.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Optimizer steps of the run.</summary>
    public int TotalSteps { get; }

    /// <summary>The forward passes of a step, counted from 0.</summary>
    public IReadOnlyList<TokenBatch> MicroBatches(int step)
    {
        var order = Order(step / StepsPerEpoch);
        var (size, accumulation) = (_spec.Train.PerDeviceBatchSize, _spec.Train.GradientAccumulationSteps);
        var first = step % StepsPerEpoch * accumulation * size;
        var batches = new List<TokenBatch>(accumulation);
        for (var start = first; start < Math.Min(first + (accumulation * size), order.Length); start += size)
        {
            batches.Add(Assemble(_store, _sequences, order.AsSpan(start, Math.Min(size, order.Length - start))));
        }

        return batches;
    }

    /// <summary>Every row once, in the order of the file: for held-out rows.</summary>
    public static IEnumerable<TokenBatch> OnePass(TokenStore store, JobSpec spec)
    {
        var sequences = Sequences(store, spec.Data with { Shuffle = false }, spec.Train.Seed);
        var all = Enumerable.Range(0, sequences.Count).ToArray();
        for (var start = 0; start < all.Length; start += spec.Train.PerDeviceBatchSize)
        {
            yield return Assemble(store, sequences, all.AsSpan(start, Math.Min(spec.Train.PerDeviceBatchSize, all.Length - start)));
        }
    }

    private int Length(int sequence)
    {
        var tokens = 0;
        foreach (var row in _sequences.Rows(sequence))
        {
            tokens += _store.Length(row);
        }

        return tokens;
    }

    private int[] Order(int epoch)
    {
        if (_epoch != epoch)
        {
            _order = _spec.Data.Shuffle ? SeededOrder.Permutation(_sequences.Count, _spec.Train.Seed, epoch) : [.. Enumerable.Range(0, _sequences.Count)];
            _epoch = epoch;
        }

        return _order;
    }

    private static TokenBatch Assemble(TokenStore store, SequenceSet sequences, ReadOnlySpan<int> chosen)
    {
        var rows = new int[chosen.Length][];
        for (var i = 0; i < chosen.Length; i++)
        {
            rows[i] = sequences.Rows(chosen[i]).ToArray();
        }

        return TokenBatch.Assemble(store, rows);
    }

    private static SequenceSet Sequences(TokenStore store, DataSpec data, long seed)
    {
        var count = checked((int)store.Rows);
        if (!data.Packing)
        {
            return SequenceSet.OneByOne(count);
        }

        // Epoch -1 is the packing's own draw: the epochs shuffle whole sequences afterwards.
        var order = data.Shuffle ? SeededOrder.Permutation(count, seed, -1) : [.. Enumerable.Range(0, count)];
        var lengths = new int[count];
        for (var i = 0; i < count; i++)
        {
            lengths[i] = store.Length(i);
        }

        return SequenceSet.Pack(lengths, data.MaxLength, order);
    }

    private static int Ceiling(int count, int size) => (count + size - 1) / size;
}
