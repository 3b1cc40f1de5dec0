using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Beep.Host.Hosting;

namespace Beep.Host.Jobs.Runs.Metrics;

/// <summary>
/// The figures of a run, 64 bytes a line of <c>events.jsonl</c>, so that a long series is read in one pass without any JSON. It is appended to
/// as the events grow, holds what is not void, in the order of the steps, and is made again where it is missing or does not match.
/// </summary>
internal sealed class MetricIndex : IDisposable
{
    private const int HeaderBytes = 128;
    private const int SealedBytes = 96;
    private const int FingerprintBytes = 256;
    private const int Chunk = 4 << 20;
    private const int Block = 16 << 10;
    private const ulong Magic = 0x0131_5845_444E_4942;

    private readonly string _events;
    private readonly FileStream _file;
    private MetricRecord[] _pending = [];
    private int _pendingCount;
    private long _stored;
    private int _lastStep;

    private MetricIndex(string events, FileStream file) => (_events, _file) = (events, file);

    /// <summary>How many records there are.</summary>
    public long Count => _stored + _pendingCount;

    /// <summary>Up to where the events are in it.</summary>
    public long Offset { get; private set; }

    /// <summary>Opens it, or makes it, and reads what the worker wrote since.</summary>
    /// <param name="path">Of the index.</param>
    /// <param name="events">Of <c>events.jsonl</c>, which need not exist yet.</param>
    /// <param name="cancellationToken">Ends the reading; what was read so far is kept.</param>
    public static MetricIndex Open(string path, string events, CancellationToken cancellationToken)
    {
        PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
        var index = new MetricIndex(events, OpenFile(path));
        try
        {
            index.Load();
            index.CatchUp(cancellationToken);
            return index;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    /// <summary>Reads records from one on; returns how many.</summary>
    public int Read(long first, Span<MetricRecord> into)
    {
        var count = first < 0 ? 0 : (int)Math.Clamp(_stored - first, 0, into.Length);
        var bytes = MemoryMarshal.AsBytes(into[..count]);
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, bytes[done..], HeaderBytes + (first * MetricRecord.Size) + done);
            if (read == 0)
            {
                throw new EndOfStreamException("The index is shorter than it says.");
            }

            done += read;
        }

        return count;
    }

    /// <summary>The first record whose step is not before <paramref name="step"/>.</summary>
    public long Find(long step)
    {
        var (low, high) = (0L, _stored);
        Span<MetricRecord> one = stackalloc MetricRecord[1];
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            Read(middle, one);
            (low, high) = one[0].Step < step ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    public void Dispose() => _file.Dispose();

    private static FileStream OpenFile(string path)
    {
        try
        {
            return PrivateFiles.Open(path, FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException)
        {
            // Another process of the same home has it: this one makes one for itself, gone when it is closed.
            var own = $"{path}.{Guid.NewGuid():N}";
            return new FileStream(own, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = 0, Options = FileOptions.DeleteOnClose });
        }
    }

    /// <summary>Takes over what is there where it is sound and of these events.</summary>
    private void Load()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (RandomAccess.Read(_file.SafeFileHandle, header, 0) != HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
            || !SHA256.HashData(header[..SealedBytes]).AsSpan().SequenceEqual(header[SealedBytes..]))
        {
            return;
        }

        var (offset, count) = (BinaryPrimitives.ReadInt64LittleEndian(header[8..]), BinaryPrimitives.ReadInt64LittleEndian(header[16..]));
        if (RandomAccess.GetLength(_file.SafeFileHandle) < HeaderBytes + (count * MetricRecord.Size) || !Fingerprint(offset).AsSpan().SequenceEqual(header[24..56]))
        {
            return;
        }

        _stored = count;
        if (!SHA256.HashData(LastRecord()).AsSpan().SequenceEqual(header[56..88]))
        {
            _stored = 0;
            return;
        }

        (Offset, _lastStep) = (offset, LastStep());
    }

    /// <summary>The beginning of the events, and that a line ends where the index does: another file under the same name has others.</summary>
    private byte[] Fingerprint(long offset)
    {
        try
        {
            using var file = File.OpenHandle(_events, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) < offset)
            {
                return [];
            }

            var bytes = new byte[(int)Math.Min(FingerprintBytes, offset) + 1];
            RandomAccess.Read(file, bytes.AsSpan(0, bytes.Length - 1), 0);
            RandomAccess.Read(file, bytes.AsSpan(bytes.Length - 1), Math.Max(0, offset - 1));
            return SHA256.HashData(bytes);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return offset == 0 ? SHA256.HashData([0]) : [];
        }
    }

    private void CatchUp(CancellationToken cancellationToken)
    {
        if (new FileInfo(_events) is not { Exists: true } events || events.Length <= Offset)
        {
            return;
        }

        using var stream = new FileStream(_events, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        stream.Position = Offset;
        var buffer = new byte[Math.Min(Chunk, Math.Max(64 << 10, events.Length - Offset))];
        var carried = 0;
        for (int read; !cancellationToken.IsCancellationRequested && (read = stream.Read(buffer, carried, buffer.Length - carried)) > 0;)
        {
            var filled = carried + read;
            var whole = buffer.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1;
            if (whole == 0 && filled == buffer.Length)
            {
                if (buffer.Length < Chunk)
                {
                    Array.Resize(ref buffer, Chunk);
                    carried = filled;
                    continue;
                }

                // A line beyond every bound is passed over; its end is no event either.
                (Offset, carried) = (Offset + filled, 0);
                continue;
            }

            foreach (var record in LineParser.Parse(buffer, whole, Offset))
            {
                Append(record);
            }

            Offset += whole;
            carried = filled - whole;
            buffer.AsSpan(whole, carried).CopyTo(buffer);
        }

        Store();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Append(MetricRecord record)
    {
        if (record.Kind == RecordKind.Started)
        {
            MakeVoid(record.Step);
        }

        if (record.IsOfAStep)
        {
            _lastStep = record.Step;
        }

        Push(record.IsOfAStep ? record : record.MovedTo(_lastStep));
    }

    private void Push(MetricRecord record)
    {
        if (_pending.Length == 0)
        {
            _pending = new MetricRecord[Block];
        }
        else if (_pendingCount == _pending.Length)
        {
            Flush();
        }

        _pending[_pendingCount++] = record;
    }

    /// <summary>Takes away what was done after a step: it stands at the end, for steps rise. What is of no step stays.</summary>
    private void MakeVoid(int step)
    {
        Flush();
        List<MetricRecord> kept = [];
        var before = _stored;
        Span<MetricRecord> one = stackalloc MetricRecord[1];
        for (; _stored > 0; _stored--)
        {
            Read(_stored - 1, one);
            if (one[0].IsOfAStep && one[0].Step <= step)
            {
                break;
            }

            if (!one[0].IsOfAStep)
            {
                kept.Add(one[0]);
            }
        }

        if (_stored < before)
        {
            // Who dies before the end of this finds no header, and makes the index again.
            RandomAccess.Write(_file.SafeFileHandle, new byte[HeaderBytes], 0);
        }

        _lastStep = LastStep();
        for (var i = kept.Count - 1; i >= 0; i--)
        {
            Push(kept[i].MovedTo(_lastStep));
        }
    }

    private void Flush()
    {
        RandomAccess.Write(_file.SafeFileHandle, MemoryMarshal.AsBytes(_pending.AsSpan(0, _pendingCount)), HeaderBytes + (_stored * MetricRecord.Size));
        _stored += _pendingCount;
        _pendingCount = 0;
    }

    /// <summary>Writes the header last: what is behind the count that it names is not there yet.</summary>
    private void Store()
    {
        Flush();
        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], _stored);
        Fingerprint(Offset).CopyTo(header[24..]);
        SHA256.HashData(LastRecord()).CopyTo(header[56..]);
        SHA256.HashData(header[..SealedBytes]).CopyTo(header[SealedBytes..]);
        RandomAccess.Write(_file.SafeFileHandle, header, 0);
    }

    private byte[] LastRecord()
    {
        Span<MetricRecord> one = stackalloc MetricRecord[1];
        return Read(_stored - 1, one) == 0 ? [] : MemoryMarshal.AsBytes(one).ToArray();
    }

    private int LastStep()
    {
        Span<MetricRecord> one = stackalloc MetricRecord[1];
        return Read(_stored - 1, one) > 0 ? one[0].Step : 0;
    }
}
