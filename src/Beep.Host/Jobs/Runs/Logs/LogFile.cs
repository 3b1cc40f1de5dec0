using System.Text;
using Beep.Host.Hosting.Processes;

namespace Beep.Host.Jobs.Runs.Logs;

/// <summary>Reads a log from any byte, forward or backward, a bounded part of it at a time however long it is.</summary>
internal sealed class LogFile(TimeProvider time)
{
    /// <summary>A longer line is shown as several.</summary>
    public const int LongestLine = 16 << 10;

    private const int Block = 256 << 10;
    // What was looked through is said by the cursors: a search of a long log is many short requests. Each looks through a block at least.
    private static readonly TimeSpan LongestSearch = TimeSpan.FromMilliseconds(150);

    public LogPart Read(string path, LogRequest request)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new LogPart([], 0, 0, 0);
        }

        using (stream)
        {
            var length = stream.Length;
            var position = Math.Clamp(request.Position ?? (request.IsBackward ? length : 0), 0, length);
            return request.IsBackward ? ReadBackward(stream, position, length, request) : ReadForward(stream, position, length, request);
        }
    }

    private LogPart ReadForward(FileStream stream, long begin, long length, LogRequest request)
    {
        List<LogLine> found = [];
        var buffer = new byte[Block];
        var position = begin;
        var started = time.GetTimestamp();
        while (found.Count < request.Most && position < length && (position == begin || time.GetElapsedTime(started) < LongestSearch))
        {
            var filled = Fill(stream, buffer, position, length);
            var isEnd = position + filled >= length;
            var used = 0;
            foreach (var (from, to, next) in Lines(buffer.AsSpan(0, filled), isEnd && request.IsComplete, isEnd))
            {
                Take(found, buffer.AsSpan(from, to - from), position + from, request.Search);
                used = next;
                if (found.Count == request.Most)
                {
                    break;
                }
            }

            position += used;
            if (used == 0)
            {
                break;
            }
        }

        return new LogPart(found, begin, position, length);
    }

    private LogPart ReadBackward(FileStream stream, long end, long length, LogRequest request)
    {
        var found = new LinkedList<LogLine>();
        var buffer = new byte[Block];
        // A last line that is still being written is left out, and so is what comes after the cursor.
        var position = end == length && !request.IsComplete ? LastLineEnd(stream, buffer, length) : end;
        var last = position;
        var started = time.GetTimestamp();
        while (found.Count < request.Most && position > 0 && (position == last || time.GetElapsedTime(started) < LongestSearch))
        {
            var begin = Math.Max(0, position - Block);
            var filled = Fill(stream, buffer, begin, position);
            // The first line of the block may have begun before it: it is read with the block before, unless it fills this one.
            var skip = begin == 0 ? 0 : buffer.AsSpan(0, filled).IndexOf((byte)'\n') + 1;
            skip = skip == filled ? 0 : skip;
            List<LogLine> part = [];
            foreach (var (from, to, _) in Lines(buffer.AsSpan(skip, filled - skip), takesRest: true, isEnd: true))
            {
                Take(part, buffer.AsSpan(skip + from, to - from), begin + skip + from, request.Search);
            }

            for (var i = part.Count - 1; i >= 0 && found.Count < request.Most; i--)
            {
                found.AddFirst(part[i]);
            }

            var isFull = found.Count == request.Most;
            position = isFull ? found.First!.Value.At : begin + skip;
        }

        return new LogPart([.. found], position, last, length);
    }

    /// <summary>The lines of a block as from, to, and where the next begins. A line that is too long is cut between characters.</summary>
    private static List<(int From, int To, int Next)> Lines(ReadOnlySpan<byte> block, bool takesRest, bool isEnd)
    {
        List<(int, int, int)> lines = [];
        var begin = 0;
        while (begin < block.Length)
        {
            var rest = block[begin..];
            var length = rest[..Math.Min(rest.Length, LongestLine + 1)].IndexOf((byte)'\n');
            if (length >= 0)
            {
                lines.Add((begin, begin + (length > 0 && rest[length - 1] == '\r' ? length - 1 : length), begin + length + 1));
                begin += length + 1;
            }
            else if (rest.Length > LongestLine)
            {
                var cut = LongestLine;
                while (cut > LongestLine - 4 && (rest[cut] & 0xC0) == 0x80)
                {
                    cut--;
                }

                lines.Add((begin, begin + cut, begin + cut));
                begin += cut;
            }
            else
            {
                if (takesRest && isEnd)
                {
                    lines.Add((begin, block.Length, block.Length));
                }

                break;
            }
        }

        return lines;
    }

    private static void Take(List<LogLine> lines, ReadOnlySpan<byte> bytes, long at, string? search)
    {
        var text = Encoding.UTF8.GetString(bytes);
        if (search is null || text.Contains(search, StringComparison.OrdinalIgnoreCase))
        {
            lines.Add(new LogLine(at, PlainText.Clean(text)));
        }
    }

    private static long LastLineEnd(FileStream stream, byte[] buffer, long length)
    {
        for (var end = length; end > 0;)
        {
            var begin = Math.Max(0, end - buffer.Length);
            var newline = buffer.AsSpan(0, Fill(stream, buffer, begin, end)).LastIndexOf((byte)'\n');
            if (newline >= 0)
            {
                return begin + newline + 1;
            }

            // A line beyond every bound is shown as it is.
            if (length - begin > LongestLine)
            {
                return length;
            }

            end = begin;
        }

        return 0;
    }

    private static int Fill(FileStream stream, byte[] buffer, long begin, long end)
    {
        stream.Position = begin;
        return stream.ReadAtLeast(buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - begin)), (int)Math.Min(buffer.Length, end - begin), throwOnEndOfStream: false);
    }
}
