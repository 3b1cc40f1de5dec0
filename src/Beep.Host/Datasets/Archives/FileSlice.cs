using Microsoft.Win32.SafeHandles;

namespace Beep.Host.Datasets.Archives;

/// <summary>A part of a file, to be read once from its beginning to its end.</summary>
internal sealed class FileSlice(SafeFileHandle file, long start, long length) : ForwardStream
{
    private long _read;

    public override int Read(Span<byte> buffer)
    {
        var part = RandomAccess.Read(file, buffer[..(int)Math.Min(buffer.Length, length - _read)], start + _read);
        _read += part;
        return part;
    }
}
