using System.Text;

namespace Beep.Host.Datasets.Reading;

/// <summary>Rows by their lines, as they stand in the file, for people to look at.</summary>
internal static class RowTexts
{
    private const int Longest = 400;

    /// <summary>Those that begin on these lines, each cut where it is long.</summary>
    public static IReadOnlyDictionary<long, string> Read(FoundVersion found, IReadOnlySet<long> lines, CancellationToken cancellationToken)
    {
        var rows = new Dictionary<long, string>();
        if (lines.Count == 0)
        {
            return rows;
        }

        var last = lines.Max();
        VersionData.Read(found, 0, (block, record, _) =>
        {
            if (lines.Contains(record.Line) && record.Length > 0)
            {
                var text = Encoding.UTF8.GetString(block.Bytes(record)[..Math.Min(record.Length, Longest * 4)]);
                rows.TryAdd(record.Line, text.Length <= Longest ? text : text[..Longest] + "…");
            }

            return record.Line <= last;
        }, cancellationToken);
        return rows;
    }
}
