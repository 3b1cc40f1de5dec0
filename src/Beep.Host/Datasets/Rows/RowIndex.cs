using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Beep.Host.Datasets.Rows;

/// <summary>A row by its hash, and where it begins.</summary>
internal readonly record struct RowEntry(UInt128 Hash, long Line) : IComparable<RowEntry>
{
    public const int Bytes = 24;

    public int CompareTo(RowEntry other) => Hash.CompareTo(other.Hash) is not 0 and var order ? order : Line.CompareTo(other.Line);

    public static RowEntry Read(ReadOnlySpan<byte> from) => new(BinaryPrimitives.ReadUInt128BigEndian(from), BinaryPrimitives.ReadInt64BigEndian(from[16..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt128BigEndian(to, Hash);
        BinaryPrimitives.WriteInt64BigEndian(to[16..], Line);
    }
}

/// <summary>The hashes of a version's rows with their lines, sorted, in a file: 16 bytes of heading, then 24 a row. Read where it lies.</summary>
internal sealed class RowIndex : IDisposable
{
    public const string FileName = "rows.index";
    public const int HeadingBytes = 16;

    private const int BlockRows = 4096;

    private readonly SafeFileHandle _file;

    private RowIndex(SafeFileHandle file, long count) => (_file, Count) = (file, count);

    /// <summary>"BEEPROW" and the version of this layout.</summary>
    public static ReadOnlySpan<byte> Signature => "BEEPROW\u0001"u8;

    public long Count { get; }

    /// <summary>Null where there is none, as before the rows were checked.</summary>
    public static RowIndex? Open(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        var file = File.OpenHandle(path);
        Span<byte> heading = stackalloc byte[HeadingBytes];
        var count = RandomAccess.Read(file, heading, 0) == HeadingBytes && heading.StartsWith(Signature) ? BinaryPrimitives.ReadInt64BigEndian(heading[8..]) : -1;
        if (count < 0 || RandomAccess.GetLength(file) != HeadingBytes + (count * RowEntry.Bytes))
        {
            file.Dispose();
            return null;
        }

        return new RowIndex(file, count);
    }

    /// <summary>The lines with this row, at most <paramref name="most"/>.</summary>
    public IReadOnlyList<long> Find(UInt128 hash, int most)
    {
        var (low, high) = (0L, Count);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = At(middle).Hash < hash ? (middle + 1, high) : (low, middle);
        }

        var lines = new List<long>();
        for (; low < Count && lines.Count < most && At(low) is var entry && entry.Hash == hash; low++)
        {
            lines.Add(entry.Line);
        }

        return lines;
    }

    /// <summary>Every row in the order of the hashes.</summary>
    public IEnumerable<RowEntry> Read()
    {
        var block = new byte[BlockRows * RowEntry.Bytes];
        for (long read = 0; read < Count;)
        {
            var rows = (int)Math.Min(BlockRows, Count - read);
            ReadBlock(block.AsSpan(0, rows * RowEntry.Bytes), HeadingBytes + (read * RowEntry.Bytes));
            for (var row = 0; row < rows; row++)
            {
                yield return RowEntry.Read(block.AsSpan(row * RowEntry.Bytes));
            }

            read += rows;
        }
    }

    public void Dispose() => _file.Dispose();

    private RowEntry At(long index)
    {
        Span<byte> entry = stackalloc byte[RowEntry.Bytes];
        ReadBlock(entry, HeadingBytes + (index * RowEntry.Bytes));
        return RowEntry.Read(entry);
    }

    private void ReadBlock(Span<byte> into, long offset)
    {
        while (into.Length > 0)
        {
            var read = RandomAccess.Read(_file, into, offset);
            if (read == 0)
            {
                throw new EndOfStreamException("The index of rows is shorter than it was.");
            }

            into = into[read..];
            offset += read;
        }
    }
}
