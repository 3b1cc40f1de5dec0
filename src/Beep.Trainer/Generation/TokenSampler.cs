namespace Beep.Trainer.Generation;

/// <summary>Chooses the next token: temperature, then top-k, then top-p (Holtzman et al. 2020, arXiv 1904.09751), as Transformers orders them.</summary>
internal sealed class TokenSampler(SamplingOptions options)
{
    private readonly Random _random = new(unchecked((int)(options.Seed ^ (options.Seed >> 32))));

    /// <summary>The chosen token.</summary>
    /// <param name="scores">One a token of the vocabulary; changed.</param>
    public int Choose(Span<float> scores)
    {
        if (options.Temperature <= 0)
        {
            return Likeliest(scores);
        }

        var tokens = new int[scores.Length];
        for (var i = 0; i < tokens.Length; i++)
        {
            tokens[i] = i;
        }

        // Ascending by the negated score: the likeliest first, equal scores in the order of their ids.
        var keys = new float[scores.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = -scores[i];
        }

        Array.Sort(keys, tokens);
        var count = options.TopK > 0 ? Math.Min(options.TopK, keys.Length) : keys.Length;
        var weights = new double[count];
        var total = 0.0;
        for (var i = 0; i < count; i++)
        {
            total += weights[i] = Math.Exp((keys[0] - keys[i]) / options.Temperature);
        }

        return tokens[Draw(weights, total)];
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
