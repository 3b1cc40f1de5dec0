using Beep.Contracts;

namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>Reads the lines of a part of <c>events.jsonl</c> on all processors: the first look at a long run is at all of it.</summary>
internal static class LineParser
{
    private const int WorthSharing = 256 << 10;

    /// <summary>The records of the first <paramref name="length"/> bytes, which are whole lines, in their order.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="length">How many of them.</param>
    /// <param name="offset">Where they begin in the file.</param>
    public static IEnumerable<MetricRecord> Parse(byte[] buffer, int length, long offset)
    {
        var parts = length < WorthSharing ? 1 : Environment.ProcessorCount;
        var bounds = new int[parts + 1];
        bounds[parts] = length;
        for (var part = 1; part < parts; part++)
        {
            var from = Math.Max(bounds[part - 1], (int)((long)length * part / parts));
            bounds[part] = from + buffer.AsSpan(from, length - from).IndexOf((byte)'\n') + 1;
        }

        var records = new List<MetricRecord>[parts];
        if (parts == 1)
        {
            records[0] = ParsePart(buffer, 0, length, offset);
        }
        else
        {
            Parallel.For(0, parts, part => records[part] = ParsePart(buffer, bounds[part], bounds[part + 1], offset));
        }

        return records.SelectMany(part => part);
    }

    private static List<MetricRecord> ParsePart(byte[] buffer, int begin, int end, long offset)
    {
        const int usualLine = 256;
        var records = new List<MetricRecord>((end - begin) / usualLine);
        while (begin < end)
        {
            var length = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n');
            if (length <= EventReader.MaxLineBytes)
            {
                var record = MetricRecord.Parse(buffer.AsSpan(begin, length), offset + begin);
                if (record.Kind != RecordKind.None)
                {
                    records.Add(record);
                }
            }

            begin += length + 1;
        }

        return records;
    }
}
