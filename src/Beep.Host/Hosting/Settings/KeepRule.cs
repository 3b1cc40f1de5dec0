using System.Globalization;

namespace Beep.Host.Hosting.Settings;

/// <summary>For how long things of one kind are kept; what is null keeps everything.</summary>
/// <param name="Age">Older ones go.</param>
/// <param name="Count">More than so many, oldest first, go.</param>
/// <param name="Bytes">While all together are larger, the oldest goes.</param>
internal sealed record KeepRule(TimeSpan? Age = null, int? Count = null, long? Bytes = null)
{
    public const string Everything = "all";

    private static readonly (string Suffix, long Factor)[] Sizes = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1)];

    /// <summary>Reads <c>age=30d count=2 bytes=50GB</c>, any of them, or <c>all</c>; null when it is none of these.</summary>
    public static KeepRule? Parse(string text)
    {
        if (text == Everything)
        {
            return new KeepRule();
        }

        KeepRule rule = new();
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts)
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            var (key, value) = at < 0 ? (part, "") : (part[..at], part[(at + 1)..]);
            var next = key switch
            {
                "age" when rule.Age is null && ReadAge(value) is { } age => rule with { Age = age },
                "count" when rule.Count is null && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) => rule with { Count = count },
                "bytes" when rule.Bytes is null && ReadBytes(value) is { } bytes => rule with { Bytes = bytes },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            rule = next;
        }

        return parts.Length == 0 ? null : rule;
    }

    private static TimeSpan? ReadAge(string value) =>
        value.Length > 1 && int.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 100_000
            ? value[^1] switch
            {
                'h' => TimeSpan.FromHours(number),
                'd' => TimeSpan.FromDays(number),
                _ => null,
            }
            : null;

    private static long? ReadBytes(string value)
    {
        foreach (var (suffix, factor) in Sizes.Where(size => value.EndsWith(size.Suffix, StringComparison.OrdinalIgnoreCase)))
        {
            return decimal.TryParse(value.AsSpan(0, value.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue / factor
                ? (long)(number * factor)
                : null;
        }

        return null;
    }
}

/// <summary>For how long the files of the fine-tuning area are kept.</summary>
internal sealed record RetentionOptions
{
    /// <summary>Of jobs that have ended; the count is of each job.</summary>
    public KeepRule Checkpoints { get; init; } = new();

    /// <summary>What came out of jobs and was not made a model of.</summary>
    public KeepRule Artifacts { get; init; } = new();

    /// <summary>What workers printed; what they said in events stays with the job.</summary>
    public KeepRule Logs { get; init; } = new();

    /// <summary>Uploads that were begun and never became a dataset.</summary>
    public KeepRule Uploads { get; init; } = new();
}
