using System.Text.Json;
using Beep.Host.Hosting;
using Beep.LanguageModels.Datasets.Checking;

namespace Beep.Host.Datasets.Checking;

/// <summary>How long the rows of a version are in the tokens of one model; counted once, kept beside the rows.</summary>
/// <param name="Model">The model's id.</param>
/// <param name="Tokens">Of all rows.</param>
/// <param name="TrainableTokens">Those on which loss is taken.</param>
/// <param name="Lengths">Pairs of a length and how many rows have it, shortest first.</param>
internal sealed record LengthsFile(string Model, long Tokens, long TrainableTokens, IReadOnlyList<long[]> Lengths)
{
    private const int Buckets = 40;

    public static LengthsFile Of(string model, TokenReport report) =>
        new(model, report.Tokens, report.TrainableTokens, [.. report.Lengths.Select(count => new[] { count.Length, count.Rows })]);

    public long Rows => Lengths.Sum(count => count[1]);

    /// <summary>The longest row.</summary>
    public int Longest => Lengths.Count == 0 ? 0 : (int)Lengths[^1][0];

    /// <summary>How many rows are longer, and how many of their tokens would be cut off.</summary>
    public (long Rows, long Tokens) Over(int maxLength)
    {
        var over = Lengths.Where(count => count[0] > maxLength).ToList();
        return (over.Sum(count => count[1]), over.Sum(count => (count[0] - maxLength) * count[1]));
    }

    /// <summary>The least length that this share of the rows do not exceed.</summary>
    public int Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Rows);
        foreach (var count in Lengths)
        {
            rank -= count[1];
            if (rank <= 0)
            {
                return (int)count[0];
            }
        }

        return 0;
    }

    /// <summary>The rows in classes of one width.</summary>
    public IReadOnlyList<HistogramBucket> Histogram()
    {
        if (Lengths.Count == 0)
        {
            return [];
        }

        var width = Math.Max(1, (Longest + Buckets - 1) / Buckets);
        var buckets = new HistogramBucket[(Longest + width - 1) / width];
        for (var index = 0; index < buckets.Length; index++)
        {
            buckets[index] = new HistogramBucket((index * width) + 1, (index + 1) * width, 0);
        }

        foreach (var count in Lengths)
        {
            ref var bucket = ref buckets[(int)Math.Max(0, count[0] - 1) / width];
            bucket = bucket with { Rows = bucket.Rows + count[1] };
        }

        return buckets;
    }

    /// <summary>Null where they were not counted.</summary>
    public static LengthsFile? Read(string folder, string model)
    {
        try
        {
            return JsonSerializer.Deserialize<LengthsFile>(File.ReadAllBytes(PathOf(folder, model)));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(string folder) => AtomicFile.Write(PathOf(folder, Model), JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>The id is one of ours: <see cref="PublicId.IsOne"/> was asked before it came here.</summary>
    private static string PathOf(string folder, string model) =>
        PublicId.IsOne(model) ? Path.Combine(folder, $"lengths-{model}.json") : throw new ArgumentException($"'{model}' is no id.", nameof(model));
}
