using System.Globalization;
using System.Text.RegularExpressions;

namespace Beep.Host.Jobs.Executors.Slurm;

/// <summary>A partition as the cluster describes it.</summary>
/// <param name="Name">What it is called.</param>
internal sealed partial record SlurmPartition(string Name)
{
    public bool IsDefault { get; init; }

    /// <summary>Whether it takes jobs.</summary>
    public bool IsUp { get; init; }

    /// <summary>The longest that a job may take, in minutes; null for no limit.</summary>
    public int? Minutes { get; init; }

    public int Nodes { get; init; }

    /// <summary>The most GPUs that one of its nodes has.</summary>
    public int Gpus { get; init; }

    /// <summary>The most processors that one of its nodes has.</summary>
    public int Cpus { get; init; }

    /// <summary>The most memory that one of its nodes has, in MiB.</summary>
    public long MemoryMib { get; init; }

    /// <summary>The partitions of what sinfo printed, one line for each kind of node.</summary>
    public static IReadOnlyList<SlurmPartition> Parse(string output) =>
    [
        .. from line in output.Split('\n')
           let fields = line.Split('|', StringSplitOptions.TrimEntries)
           where fields.Length == 8 && fields[0].Length > 0
           group fields by fields[0] into kinds
           select new SlurmPartition(kinds.Key)
           {
               IsDefault = kinds.Any(kind => kind[1].EndsWith('*')),
               IsUp = kinds.Any(kind => kind[2] == "up"),
               Minutes = MinutesOf(kinds.First()[3]),
               Nodes = kinds.Sum(kind => Whole(kind[4])),
               Gpus = kinds.Max(kind => GpusOf(kind[5])),
               Cpus = kinds.Max(kind => Whole(kind[6])),
               MemoryMib = kinds.Max(kind => (long)Whole(kind[7])),
           },
    ];

    /// <summary><c>1-02:03:04</c>, <c>02:03:04</c>, <c>03:04</c> or <c>infinite</c>.</summary>
    public static int? MinutesOf(string text)
    {
        if (Duration().Match(text) is not { Success: true } match)
        {
            return null;
        }

        return (((Part("days") * 24) + Part("hours")) * 60) + Part("minutes");

        int Part(string name) => match.Groups[name] is { Success: true } part && int.TryParse(part.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    /// <summary><c>gpu:2</c>, <c>gpu:a100:4(S:0-1),mps:100</c>: all GPUs of a node.</summary>
    private static int GpusOf(string gres) => Gpu().Matches(gres).Sum(match => Whole(match.Groups[1].Value));

    /// <summary>The number at the beginning: <c>64+</c> where nodes differ.</summary>
    private static int Whole(string text) => int.TryParse(text.TrimEnd('+'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"\A(?:(?<days>\d{1,4})-)?(?:(?<hours>\d{1,3}):)?(?<minutes>\d{1,3}):\d\d\z")]
    private static partial Regex Duration();

    [GeneratedRegex(@"(?:^|,)gpu(?::[^:,()]+)?:(\d+)")]
    private static partial Regex Gpu();
}
