namespace Beep.Contracts;

/// <summary>One line of a file.</summary>
/// <param name="Bytes">The line without its end (LF or CRLF), cut to the bound; valid until the next line is read.</param>
/// <param name="Offset">Where it begins in the file.</param>
/// <param name="NextOffset">Where the next one begins.</param>
/// <param name="IsComplete">Whether a line end was read: false only for the last line of a file.</param>
/// <param name="IsOverlong">Whether the line was longer than the bound.</param>
public readonly record struct BoundedLine(ReadOnlyMemory<byte> Bytes, long Offset, long NextOffset, bool IsComplete, bool IsOverlong);

/// <summary>Reads lines in bounded memory, whatever the file holds.</summary>
public sealed class BoundedLineReader
{
    private readonly Stream _stream;
    private readonly int _maxBytes;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private long _offset;
    private bool _ended;

    /// <summary>Reads from the stream's position; lines longer than <paramref name="maxBytes"/> are cut and marked.</summary>
    public BoundedLineReader(Stream stream, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _maxBytes = maxBytes;
        _offset = stream.CanSeek ? stream.Position : 0;
    }

    /// <summary>Reads the next line; false at the end of the file.</summary>
    public bool TryRead(out BoundedLine line)
    {
        var searched = 0;
        while (true)
        {
            var window = _buffer.AsSpan(_start, _end - _start);
            var newline = window[searched..].IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = Take(searched + newline, terminator: 1);
                return true;
            }

            searched = window.Length;
            if (searched > _maxBytes)
            {
                line = SkipOverlong();
                return true;
            }

            if (_ended || !Fill())
            {
                _ended = true;
                line = Take(_end - _start, terminator: 0);
                return line.NextOffset > line.Offset;
            }
        }
    }

    private BoundedLine Take(int length, int terminator)
    {
        var start = _start;
        var total = length + terminator;
        _start += total;
        var text = length > 0 && terminator > 0 && _buffer[start + length - 1] == '\r' ? length - 1 : length;
        var line = new BoundedLine(_buffer.AsMemory(start, Math.Min(text, _maxBytes)), _offset, _offset + total, terminator > 0, text > _maxBytes);
        _offset += total;
        return line;
    }

    /// <summary>Keeps the first bytes and passes over the rest of the line without holding it.</summary>
    private BoundedLine SkipOverlong()
    {
        var head = _buffer.AsSpan(_start, _maxBytes).ToArray();
        var offset = _offset;
        while (true)
        {
            var newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            var taken = newline >= 0 ? newline + 1 : _end - _start;
            _start += taken;
            _offset += taken;
            if (newline >= 0 || !Fill())
            {
                return new BoundedLine(head, offset, _offset, newline >= 0, IsOverlong: true);
            }
        }
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
