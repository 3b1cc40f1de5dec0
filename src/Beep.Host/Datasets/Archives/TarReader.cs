using System.Globalization;
using System.Text;

namespace Beep.Host.Datasets.Archives;

/// <summary>Reads a tar from front to back: POSIX and GNU, regular files and folders only.</summary>
internal sealed class TarReader(Stream stream, UnpackedFile target)
{
    private const int BlockBytes = 512;

    private readonly ArchiveNames _names = new();
    private readonly byte[] _block = new byte[BlockBytes];
    private string? _longName;
    private long? _longSize;

    /// <summary>Unpacks the files of rows.</summary>
    public void Unpack(CancellationToken cancellationToken)
    {
        while (ReadHeading())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = Number(124, 12);
            switch ((char)_block[156])
            {
                case 'x':
                    ReadExtended(size);
                    break;
                case 'g':
                    Skip(size);
                    break;
                case 'L':
                    _longName = Encoding.UTF8.GetString(ReadSmall(size)).TrimEnd('\0');
                    break;
                case '0' or '\0' or '7':
                    TakeFile(_longName ?? Name(), _longSize ?? size, cancellationToken);
                    (_longName, _longSize) = (null, null);
                    break;
                case '5':
                    _names.Accept((_longName ?? Name()).TrimEnd('/') is { Length: > 0 } name ? name : ".", isFolder: true);
                    (_longName, _longSize) = (null, null);
                    Skip(size);
                    break;
                default:
                    throw ArchiveFaults.Unsafe(_longName ?? Name(), "which is a link, a device or a pipe and no file");
            }
        }
    }

    private void TakeFile(string name, long size, CancellationToken cancellationToken)
    {
        if (_names.Accept(name, isFolder: false) is not { } end)
        {
            Skip(size);
            return;
        }

        target.Begin(name, end);
        using var content = new Bounded(stream, size);
        target.Copy(content, name, size, cancellationToken);
        SkipExactly(Padding(size));
    }

    private bool ReadHeading()
    {
        if (stream.ReadAtLeast(_block, BlockBytes, throwOnEndOfStream: false) is var read && read < BlockBytes)
        {
            return read == 0 ? false : throw Broken("it is cut off");
        }

        if (_block.AsSpan().IndexOfAnyExcept((byte)0) < 0)
        {
            // All that follows is filling; to the end, where a gzip file around it is checked.
            while (stream.Read(_block) > 0)
            {
            }

            return false;
        }

        var sum = _block.Take(148).Concat(Enumerable.Repeat((byte)' ', 8)).Concat(_block.Skip(156)).Sum(value => (long)value);
        return sum == Number(148, 8) ? true : throw Broken("a heading is wrong");
    }

    private string Name()
    {
        var name = Text(0, 100);
        var isPosix = _block.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        return isPosix && Text(345, 155) is { Length: > 0 } folder ? $"{folder}/{name}" : name;
    }

    /// <summary>Lines of <c>length key=value</c>: the name and the size, where they are too long for the heading.</summary>
    private void ReadExtended(long size)
    {
        var rest = ReadSmall(size).AsSpan();
        while (rest.Length > 0)
        {
            var space = rest.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(rest[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length <= space + 1 || length > rest.Length)
            {
                throw Broken("an extended heading is wrong");
            }

            var line = rest[(space + 1)..length];
            line = line[^1] == '\n' ? line[..^1] : line;
            if (line.StartsWith("path="u8))
            {
                _longName = Encoding.UTF8.GetString(line["path="u8.Length..]);
            }
            else if (line.StartsWith("size="u8))
            {
                _longSize = long.TryParse(line["size="u8.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw Broken("a size is wrong");
            }

            rest = rest[length..];
        }
    }

    private byte[] ReadSmall(long size)
    {
        if (size > ArchiveLimits.NameBytes)
        {
            throw Broken("a name is too long");
        }

        var bytes = new byte[size];
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw Broken("it is cut off");
        }

        SkipExactly(Padding(size));
        return bytes;
    }

    private void Skip(long size) => SkipExactly(size + Padding(size));

    private void SkipExactly(long bytes)
    {
        var buffer = new byte[1 << 16];
        while (bytes > 0)
        {
            var read = stream.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes)));
            bytes -= read > 0 ? read : throw Broken("it is cut off");
        }
    }

    /// <summary>Octal digits, or in GNU's way a binary number whose first bit is set.</summary>
    private long Number(int at, int length)
    {
        var field = _block.AsSpan(at, length);
        if ((field[0] & 0x80) != 0)
        {
            var value = 0L;
            foreach (var part in field[4..])
            {
                value = (value << 8) | part;
            }

            return value >= 0 ? value : throw Broken("a size is wrong");
        }

        var number = 0L;
        foreach (var digit in field.Trim((byte)' ').TrimEnd((byte)0).Trim((byte)' '))
        {
            number = digit is >= (byte)'0' and <= (byte)'7' ? (number << 3) | (uint)(digit - '0') : throw Broken("a number is wrong");
        }

        return number;
    }

    private string Text(int at, int length)
    {
        var field = _block.AsSpan(at, length);
        return Encoding.UTF8.GetString(field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field);
    }

    private static long Padding(long size) => (BlockBytes - (size % BlockBytes)) % BlockBytes;

    private static Hosting.Http.HttpFaultException Broken(string what) => ArchiveFaults.Broken("tar", what);

    /// <summary>The next bytes of a stream, which must all be there.</summary>
    private sealed class Bounded(Stream inner, long length) : ForwardStream
    {
        private long _left = length;

        public override int Read(Span<byte> buffer)
        {
            var read = _left == 0 ? 0 : inner.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
            _left -= read;
            return read > 0 || _left == 0 || buffer.Length == 0 ? read : throw Broken("it is cut off");
        }
    }
}
