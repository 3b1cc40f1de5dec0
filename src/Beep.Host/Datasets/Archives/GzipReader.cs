using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace Beep.Host.Datasets.Archives;

/// <summary>
/// What a gzip file holds, as RFC 1952 has it with one member. .NET's own reader says nothing of a file that is cut off or has
/// something behind its end; here the length and the checksum at the very end of the file must be those of what was read.
/// </summary>
internal sealed class GzipReader(SafeFileHandle file)
{
    private const int FixedHeading = 10;
    private const int Trailer = 8;

    /// <summary>Hands out the content, and checks the file once all of it was read.</summary>
    public Stream Open()
    {
        var length = RandomAccess.GetLength(file);
        var heading = new byte[(int)Math.Min(ArchiveLimits.NameBytes, length)];
        var read = RandomAccess.Read(file, heading, 0);
        var start = HeadingLength(heading.AsSpan(0, read));
        if (length < start + Trailer)
        {
            throw Broken("it ends too early");
        }

        Span<byte> trailer = stackalloc byte[Trailer];
        _ = RandomAccess.Read(file, trailer, length - Trailer);
        var content = new DeflateStream(new FileSlice(file, start, length - Trailer - start), CompressionMode.Decompress);
        return new CheckedContent(content, BinaryPrimitives.ReadUInt32LittleEndian(trailer), BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]));
    }

    private static int HeadingLength(ReadOnlySpan<byte> heading)
    {
        const byte deflate = 8;
        if (heading.Length < FixedHeading || heading[0] != 0x1F || heading[1] != 0x8B || heading[2] != deflate)
        {
            throw Broken("it does not begin as one");
        }

        var (flags, at) = (heading[3], FixedHeading);
        if ((flags & 0b100) != 0)
        {
            at += at + 2 <= heading.Length ? 2 + BinaryPrimitives.ReadUInt16LittleEndian(heading[at..]) : throw Broken("its heading is cut off");
        }

        // A name and a comment, each with a zero at its end.
        for (var bit = 0b1000; bit <= 0b10000; bit <<= 1)
        {
            if ((flags & bit) != 0)
            {
                var end = at <= heading.Length ? heading[at..].IndexOf((byte)0) : -1;
                at += end >= 0 ? end + 1 : throw Broken("its heading is cut off");
            }
        }

        at += (flags & 0b10) != 0 ? 2 : 0;
        return at <= heading.Length ? at : throw Broken("its heading is cut off");
    }

    private static Hosting.Http.HttpFaultException Broken(string what) => ArchiveFaults.Broken("gzip file", what);

    private sealed class CheckedContent(DeflateStream content, uint checksum, uint length) : ForwardStream
    {
        private Crc32 _crc;
        private long _read;

        public override int Read(Span<byte> buffer)
        {
            if (buffer.Length == 0)
            {
                return 0;
            }

            var part = content.Read(buffer);
            _crc.Add(buffer[..part]);
            _read += part;
            return part > 0 || (_crc.Value == checksum && (uint)_read == length) ? part : throw Broken("it is cut off, or something stands behind its end");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                content.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
