namespace Beep.Trainer.Generation;

/// <summary>Chooses the next token: temperature, then top-k, then top-p (Holtzman et al. 2020, arXiv 1904.09751), as Transformers orders them.</summary>
internal sealed class TokenSampler(SamplingOptions options)
{
    private readonly Random _random = new(unchecked((int)(options.Seed ^ (options.Seed >> 32))));

    /// <summary>The chosen token.</summary>
    /// <param name="scores">One a token of the vocabulary.</param>
    public int Choose(ReadOnlySpan<float> scores)
    {
        if (options.Temperature <= 0)
        {
            return Likeliest(scores);
        }

        // The likeliest first, equal scores in the order of their ids: the sort is not stable, so the id is part of the key.
        var keys = new ulong[scores.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = ((ulong)~Ordered(scores[i]) << 32) | (uint)i;
        }

        Array.Sort(keys);
        var count = options.TopK > 0 ? Math.Min(options.TopK, keys.Length) : keys.Length;
        var best = scores[Token(keys[0])];
        var weights = new double[count];
        var total = 0.0;
        for (var i = 0; i < count; i++)
        {
            total += weights[i] = Math.Exp((scores[Token(keys[i])] - best) / options.Temperature);
        }

        return Token(keys[Draw(weights, total)]);
    }

    private static int Token(ulong key) => (int)(uint)key;

    /// <summary>The number's bits such that unsigned order is the numbers' order.</summary>
    private static uint Ordered(float score)
    {
        var bits = BitConverter.SingleToUInt32Bits(score);
        return bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits;
    }

    private int Draw(double[] weights, double total)
    {
        var (kept, sum) = (0, 0.0);
        while (kept < weights.Length && (kept == 0 || sum < options.TopP * total))
        {
            sum += weights[kept++];
        }

        var target = _random.NextDouble() * sum;
        for (var i = 0; i < kept; i++)
        {
            target -= weights[i];
            if (target < 0)
            {
                return i;
            }
        }

        return kept - 1;
    }

    private static int Likeliest(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
            {
                best = i;
            }
        }

        return best;
    }
}
