using Beep.Contracts;

namespace Beep.Host.Jobs.Runs.Events;

/// <summary>Reads <c>events.jsonl</c> from any place, also while a worker writes it, in bounded memory.</summary>
internal static class RunEventFile
{
    private const int Window = 64 << 10;

    /// <summary>Up to <paramref name="most"/> events numbered after <paramref name="after"/> from a byte on, and where to go on.</summary>
    /// <exception cref="FaultException">A line is of a later major version.</exception>
    public static (IReadOnlyList<RunEvent> Events, long Next) Read(string path, long offset, long after, int most)
    {
        using var stream = Open(path);
        if (stream is null || stream.Length <= offset)
        {
            return ([], offset);
        }

        List<RunEvent> events = [];
        stream.Position = offset;
        var lines = new BoundedLineReader(stream, EventReader.MaxLineBytes);
        while (events.Count < most && lines.TryRead(out var line) && line.IsComplete)
        {
            offset = line.NextOffset;
            if (RunEvent.Parse(line) is { } happened && happened.Seq > after)
            {
                events.Add(happened);
                after = happened.Seq;
            }
        }

        return (events, offset);
    }

    /// <summary>
    /// A byte at which a line begins, and before which no event has a number after <paramref name="after"/>. Numbers rise, so the place
    /// is halved: a long run is entered anywhere at once.
    /// </summary>
    public static long Locate(string path, long after)
    {
        using var stream = Open(path);
        if (stream is null || after <= 0)
        {
            return 0;
        }

        var (low, high) = (0L, stream.Length);
        while (high - low > Window)
        {
            var middle = low + ((high - low) / 2);
            if (FirstAt(stream, middle, high) is { } found && found.Seq <= after)
            {
                low = found.Offset;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Where the last whole line ends, and the number of the last event before that.</summary>
    public static (long Seq, long Offset) End(string path)
    {
        using var stream = Open(path);
        if (stream is null)
        {
            return (0, 0);
        }

        for (var window = (long)Window; ; window *= 4)
        {
            var begin = Math.Max(0, stream.Length - window);
            var (seq, end) = LastFrom(stream, begin);
            if (seq > 0 || begin == 0)
            {
                return (seq, end);
            }
        }
    }

    /// <summary>The number of the last event that begins before a byte; 0 for none.</summary>
    public static long SeqBefore(string path, long end)
    {
        using var stream = Open(path);
        if (stream is null)
        {
            return 0;
        }

        for (var window = (long)Window; ; window *= 4)
        {
            var begin = Math.Max(0, end - window);
            var (seq, _) = LastFrom(stream, begin, end);
            if (seq > 0 || begin == 0)
            {
                return seq;
            }
        }
    }

    /// <summary>The last events, oldest first: those of the last part of the file.</summary>
    public static IReadOnlyList<RunEvent> Tail(string path)
    {
        using var stream = Open(path);
        List<RunEvent> events = [];
        if (stream is not null)
        {
            var begin = Math.Max(0, stream.Length - Window);
            stream.Position = begin;
            var lines = new BoundedLineReader(stream, EventReader.MaxLineBytes);
            while (lines.TryRead(out var line) && line.IsComplete)
            {
                if ((line.Offset > begin || begin == 0) && RunEvent.Parse(line) is { } happened)
                {
                    events.Add(happened);
                }
            }
        }

        return events;
    }

    /// <summary>The events that begin at these bytes.</summary>
    public static IReadOnlyList<RunEvent> ReadAt(string path, IEnumerable<long> offsets)
    {
        using var stream = Open(path);
        List<RunEvent> events = [];
        foreach (var offset in stream is null ? [] : offsets)
        {
            stream!.Position = offset;
            if (new BoundedLineReader(stream, EventReader.MaxLineBytes).TryRead(out var line) && RunEvent.Parse(line) is { } happened)
            {
                events.Add(happened);
            }
        }

        return events;
    }

    private static (long Seq, long End) LastFrom(FileStream stream, long begin, long before = long.MaxValue)
    {
        var (seq, end) = (0L, begin);
        stream.Position = begin;
        var lines = new BoundedLineReader(stream, EventReader.MaxLineBytes);
        while (lines.TryRead(out var line) && line.IsComplete && line.Offset < before)
        {
            end = line.NextOffset;
            // The first one may be the rest of a line.
            seq = line.Offset == begin && begin > 0 ? seq : RunEvent.Parse(line)?.Seq ?? seq;
        }

        return (seq, end);
    }

    /// <summary>The first event that begins after a byte and before another.</summary>
    private static (long Seq, long Offset)? FirstAt(FileStream stream, long begin, long end)
    {
        stream.Position = begin;
        var lines = new BoundedLineReader(stream, EventReader.MaxLineBytes);
        var isFirst = true;
        while (lines.TryRead(out var line) && line.Offset < end)
        {
            if (!isFirst && RunEvent.Parse(line) is { } found)
            {
                return (found.Seq, line.Offset);
            }

            isFirst = false;
        }

        return null;
    }

    private static FileStream? Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
