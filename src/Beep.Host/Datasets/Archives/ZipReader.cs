using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Beep.Host.Datasets.Archives;

/// <summary>
/// Reads a zip by its directory, all of which is looked at before anything is unpacked. .NET's own reader keeps every entry in memory
/// and unpacks links, backslashes and bombs as they come.
/// </summary>
internal sealed class ZipReader(SafeFileHandle file, UnpackedFile target)
{
    private const int EndBytes = 22;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;
    private const int LongestComment = ushort.MaxValue;
    private const ushort Stored = 0;
    private const ushort Deflated = 8;
    private const uint InZip64 = uint.MaxValue;

    private readonly long _length = RandomAccess.GetLength(file);

    private sealed record Entry(string Name, string End, ushort Method, uint Checksum, long Packed, long Length, long Offset);

    /// <summary>Unpacks the files of rows.</summary>
    public void Unpack(CancellationToken cancellationToken)
    {
        foreach (var entry in ReadDirectory())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var local = Read(entry.Offset, LocalBytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(local) != 0x04034b50)
            {
                throw Broken("a heading is wrong");
            }

            var start = entry.Offset + LocalBytes + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(26)) + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(28));
            if (entry.Packed < 0 || start > _length - entry.Packed)
            {
                throw ArchiveFaults.WrongLength(entry.Name);
            }

            target.Begin(entry.Name, entry.End);
            using var packed = new FileSlice(file, start, entry.Packed);
            using Stream content = entry.Method == Stored ? packed : new DeflateStream(packed, CompressionMode.Decompress);
            if (target.Copy(content, entry.Name, entry.Length, cancellationToken) != entry.Checksum)
            {
                throw Broken($"the checksum of '{entry.Name}' is wrong");
            }
        }
    }

    private List<Entry> ReadDirectory()
    {
        var (count, size, offset) = FindDirectory();
        if (count > ArchiveLimits.Entries)
        {
            throw ArchiveFaults.TooManyEntries();
        }

        if (size > ArchiveLimits.DirectoryBytes || size < 0 || offset < 0 || offset > _length - size)
        {
            throw Broken("its directory is wrong");
        }

        var directory = Read(offset, (int)size).AsSpan();
        var names = new ArchiveNames();
        var entries = new List<Entry>();
        for (var index = 0L; directory.Length > 0; index++)
        {
            if (index == count || directory.Length < EntryBytes || BinaryPrimitives.ReadUInt32LittleEndian(directory) != 0x02014b50)
            {
                throw Broken("its directory is wrong");
            }

            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[28..]), extraLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[30..]);
            var whole = EntryBytes + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(directory[32..]);
            if (whole > directory.Length)
            {
                throw Broken("its directory is cut off");
            }

            if (ReadEntry(directory[..EntryBytes], Encoding.UTF8.GetString(directory.Slice(EntryBytes, nameLength)), directory.Slice(EntryBytes + nameLength, extraLength), names) is { } entry)
            {
                entries.Add(entry);
            }

            directory = directory[whole..];
        }

        return entries;
    }

    private static Entry? ReadEntry(ReadOnlySpan<byte> heading, string name, ReadOnlySpan<byte> extra, ArchiveNames names)
    {
        const int typeMask = 0xF000;
        const int regular = 0x8000;
        const int folder = 0x4000;
        const ushort encrypted = 1;
        var (flags, method) = (BinaryPrimitives.ReadUInt16LittleEndian(heading[8..]), BinaryPrimitives.ReadUInt16LittleEndian(heading[10..]));
        var type = (int)(BinaryPrimitives.ReadUInt32LittleEndian(heading[38..]) >> 16) & typeMask;
        if ((flags & encrypted) != 0 || method == 99)
        {
            throw ArchiveFaults.Encrypted();
        }

        if (type is not (0 or regular or folder))
        {
            throw ArchiveFaults.Unsafe(name, "which is a link, a device or a pipe and no file");
        }

        if (names.Accept(name, isFolder: name.EndsWith('/') || type == folder) is not { } end)
        {
            return null;
        }

        if (method is not (Stored or Deflated))
        {
            throw Broken($"'{name}' is packed in a way that is not known");
        }

        long packed = BinaryPrimitives.ReadUInt32LittleEndian(heading[20..]), length = BinaryPrimitives.ReadUInt32LittleEndian(heading[24..]), offset = BinaryPrimitives.ReadUInt32LittleEndian(heading[42..]);
        var wide = Zip64(extra);
        length = length == InZip64 ? Next(ref wide) : length;
        packed = packed == InZip64 ? Next(ref wide) : packed;
        offset = offset == InZip64 ? Next(ref wide) : offset;
        return new Entry(name, end, method, BinaryPrimitives.ReadUInt32LittleEndian(heading[16..]), packed, length, offset);
    }

    private static ReadOnlySpan<byte> Zip64(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == 1)
            {
                return extra.Slice(4, length);
            }

            extra = extra[(4 + length)..];
        }

        return [];
    }

    private static long Next(ref ReadOnlySpan<byte> wide)
    {
        if (wide.Length < 8)
        {
            throw Broken("its directory is wrong");
        }

        var value = BinaryPrimitives.ReadInt64LittleEndian(wide);
        wide = wide[8..];
        return value;
    }

    private (long Count, long Size, long Offset) FindDirectory()
    {
        var tailBytes = (int)Math.Min(_length, EndBytes + LongestComment);
        var tail = Read(_length - tailBytes, tailBytes);
        for (var at = tailBytes - EndBytes; at >= 0; at--)
        {
            var end = tail.AsSpan(at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) == 0x06054b50 && BinaryPrimitives.ReadUInt16LittleEndian(end[20..]) == end.Length - EndBytes)
            {
                long count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]), size = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]), offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
                return count == ushort.MaxValue || size == InZip64 || offset == InZip64 ? FindZip64(_length - tailBytes + at) : (count, size, offset);
            }
        }

        throw Broken("it has no directory, as if it were cut off");
    }

    private (long Count, long Size, long Offset) FindZip64(long end)
    {
        const int locatorBytes = 20;
        const int recordBytes = 56;
        if (end < locatorBytes || Read(end - locatorBytes, locatorBytes) is var locator && BinaryPrimitives.ReadUInt32LittleEndian(locator) != 0x07064b50)
        {
            throw Broken("its directory is wrong");
        }

        var at = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
        if (at < 0 || at > _length - recordBytes || Read(at, recordBytes) is var record && BinaryPrimitives.ReadUInt32LittleEndian(record) != 0x06064b50)
        {
            throw Broken("its directory is wrong");
        }

        return (BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(32)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(40)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48)));
    }

    private byte[] Read(long offset, int count)
    {
        var bytes = new byte[count];
        var read = 0;
        for (int part; read < count && offset >= 0 && (part = RandomAccess.Read(file, bytes.AsSpan(read), offset + read)) > 0; read += part)
        {
        }

        return read == count ? bytes : throw Broken("it is cut off");
    }

    private static Hosting.Http.HttpFaultException Broken(string what) => ArchiveFaults.Broken("zip", what);
}
