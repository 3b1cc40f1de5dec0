using static TorchSharp.torch;

namespace Beep.Trainer.Models;

/// <summary>What every layer of one forward pass shares.</summary>
internal sealed class ForwardContext : IDisposable
{
    private readonly Tensor? _mask;

    private ForwardContext(Tensor cos, Tensor sin, Tensor? mask, bool isCausal, KeyValueCache? cache, long? dropoutSeed)
    {
        (Cos, Sin, _mask, IsCausal) = (cos, sin, mask, isCausal);
        (Cache, DropoutSeed) = (cache, dropoutSeed);
    }

    /// <summary>Cosines of the rotary angles, [B or 1, 1, T, head_dim].</summary>
    public Tensor Cos { get; }

    /// <summary>Sines of the rotary angles, [B or 1, 1, T, head_dim].</summary>
    public Tensor Sin { get; }

    /// <summary>True where a query may see a key, [B, 1, T, T]; null when <see cref="IsCausal"/> says it all.</summary>
    public Tensor? Mask => _mask;

    /// <summary>Whether every query sees just itself and what comes before.</summary>
    public bool IsCausal { get; }

    /// <summary>Keys and values of earlier passes, when generating.</summary>
    public KeyValueCache? Cache { get; }

    /// <summary>Draws this pass's dropout; null drops nothing. Layers derive their own from it, so that a pass can be repeated.</summary>
    public long? DropoutSeed { get; }

    /// <summary>For training and scoring: positions and, where rows are packed, the segments that may not see each other.</summary>
    /// <param name="rope">The model's rotary table.</param>
    /// <param name="positions">The position of each token in its row, [B, T].</param>
    /// <param name="segments">The row that each token belongs to, [B, T]; null when each sequence is one row.</param>
    /// <param name="dropoutSeed">Draws the dropout; null drops nothing.</param>
    public static ForwardContext ForSequences(RotaryTable rope, Tensor positions, Tensor? segments, long? dropoutSeed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (cos, sin) = rope.At(positions);
        Tensor? mask = null;
        if (segments is not null)
        {
            var length = segments.shape[1];
            var sameRow = segments.unsqueeze(2).eq(segments.unsqueeze(1));
            var past = ones(length, length, ScalarType.Bool, segments.device).tril();
            mask = sameRow.logical_and(past).unsqueeze(1).MoveToOuterDisposeScope();
        }

        return new ForwardContext(cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope(), mask, mask is null, null, dropoutSeed);
    }

    /// <summary>For generating: <paramref name="count"/> tokens of one sequence that follow what the cache holds.</summary>
    public static ForwardContext ForGeneration(RotaryTable rope, KeyValueCache cache, int count)
    {
        using var scope = NewDisposeScope();
        var positions = arange(cache.Length, cache.Length + count, ScalarType.Int64, rope.Device).unsqueeze(0);
        var (cos, sin) = rope.At(positions);

        // A single new token may see everything; several at once only occur at the start of a sequence.
        return new ForwardContext(cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope(), null, count > 1, cache, null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Cos.Dispose();
        Sin.Dispose();
        _mask?.Dispose();
    }
}
