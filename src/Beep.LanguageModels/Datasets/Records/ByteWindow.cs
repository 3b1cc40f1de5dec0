namespace Beep.LanguageModels.Datasets.Records;

/// <summary>A moving view of a stream that counts lines.</summary>
internal sealed class ByteWindow
{
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[1 << 17];
    private int _start;
    private int _end;

    /// <summary>Reads from the beginning of the file and passes over a byte order mark.</summary>
    public ByteWindow(Stream stream)
    {
        _stream = stream;
        _end = stream.ReadAtLeast(_buffer, ByteOrderMark.Length, throwOnEndOfStream: false);
        if (_buffer.AsSpan(0, _end).StartsWith(ByteOrderMark))
        {
            _start = ByteOrderMark.Length;
        }
    }

    /// <summary>What some editors put before UTF-8 text.</summary>
    public static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The line of the next byte, from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>The next bytes; empty only at the end of the file.</summary>
    public ReadOnlySpan<byte> Next()
    {
        if (_start == _end)
        {
            _start = 0;
            _end = _stream.Read(_buffer);
        }

        return _buffer.AsSpan(_start, _end - _start);
    }

    /// <summary>Leaves bytes that <see cref="Next"/> gave behind.</summary>
    public void Advance(int count)
    {
        Line += _buffer.AsSpan(_start, count).Count((byte)'\n');
        _start += count;
    }
}
