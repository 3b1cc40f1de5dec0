using Beep.Host.Datasets.Uploading;

namespace Beep.Host.Datasets.Archives;

/// <summary>A stream that is refused once it has given more than it may.</summary>
internal sealed class CountedStream(Stream inner, ByteLimit limit) : ForwardStream
{
    private long _read;

    public override int Read(Span<byte> buffer)
    {
        var part = inner.Read(buffer);
        _read += part;
        return _read <= limit.Bytes ? part : throw limit.Refuse();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
