namespace Beep.LanguageModels.Datasets.Checking;

/// <summary>How many rows have how many tokens: exact, and as small as there are different lengths.</summary>
internal sealed class TokenLengths
{
    private const int Buckets = 16;

    private readonly Dictionary<int, long> _rows = [];

    /// <summary>Rows counted.</summary>
    public long Rows { get; private set; }

    /// <summary>Their tokens.</summary>
    public long Tokens { get; private set; }

    /// <summary>Every length with its rows, shortest first.</summary>
    public IReadOnlyList<LengthCount> Counts => [.. _rows.OrderBy(pair => pair.Key).Select(pair => new LengthCount(pair.Key, pair.Value))];

    public void Add(int length, long rows = 1)
    {
        _rows[length] = _rows.GetValueOrDefault(length) + rows;
        Rows += rows;
        Tokens += length * rows;
    }

    public void Merge(TokenLengths other)
    {
        foreach (var (length, rows) in other._rows)
        {
            Add(length, rows);
        }
    }

    /// <summary>The smallest length that at least <paramref name="share"/> of the rows do not exceed (nearest rank); 0 without rows.</summary>
    public int Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Rows);
        foreach (var (length, rows) in _rows.OrderBy(pair => pair.Key))
        {
            rank -= rows;
            if (rank <= 0)
            {
                return length;
            }
        }

        return 0;
    }

    /// <summary>The rows in at most 16 classes of equal, round width, from 1 token to the longest row.</summary>
    public IReadOnlyList<HistogramBucket> Histogram()
    {
        if (Rows == 0)
        {
            return [];
        }

        var longest = Math.Max(1, _rows.Keys.Max());
        var width = RoundUp((longest + Buckets - 1) / Buckets);
        var buckets = new HistogramBucket[(longest + width - 1) / width];
        for (var index = 0; index < buckets.Length; index++)
        {
            buckets[index] = new HistogramBucket((index * width) + 1, (index + 1) * width, 0);
        }

        foreach (var (length, rows) in _rows)
        {
            ref var bucket = ref buckets[Math.Max(0, length - 1) / width];
            bucket = bucket with { Rows = bucket.Rows + rows };
        }

        return buckets;
    }

    /// <summary>The next number of the kind 1, 2, 4, 5 or 8 times a power of ten.</summary>
    private static int RoundUp(int value)
    {
        for (long power = 1; ; power *= 10)
        {
            foreach (var digit in (ReadOnlySpan<int>)[1, 2, 4, 5, 8])
            {
                if (digit * power >= value)
                {
                    return (int)(digit * power);
                }
            }
        }
    }
}
