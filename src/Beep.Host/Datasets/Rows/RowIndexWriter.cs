using System.Buffers.Binary;
using Beep.Host.Hosting;

namespace Beep.Host.Datasets.Rows;

/// <summary>Sorts the hashes of any number of rows in 12 MB: sorted runs in files of their own, merged at the end.</summary>
/// <param name="folder">Of the version; what is written is there under its name only once it is whole.</param>
/// <param name="runRows">How many rows a run has.</param>
internal sealed class RowIndexWriter(string folder, int runRows = RowIndexWriter.DefaultRunRows) : IDisposable
{
    private const int DefaultRunRows = 1 << 19;
    private const int BufferBytes = 1 << 16;
    private const string Partial = ".partial";

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly List<string> _runs = [];
    private readonly RowEntry[] _rows = new RowEntry[runRows];
    private int _count;
    private long _total;

    public void Add(UInt128 hash, long line)
    {
        if (_count == _rows.Length)
        {
            EndRun();
        }

        _rows[_count++] = new RowEntry(hash, line);
        _total++;
    }

    /// <summary>Writes the index and puts it in its place.</summary>
    public void Complete(CancellationToken cancellationToken)
    {
        var fresh = Path.Combine(folder, $".{RowIndex.FileName}.{_id}{Partial}");
        try
        {
            using (var stream = Create(fresh))
            {
                Span<byte> heading = stackalloc byte[RowIndex.HeadingBytes];
                RowIndex.Signature.CopyTo(heading);
                BinaryPrimitives.WriteInt64BigEndian(heading[8..], _total);
                stream.Write(heading);
                Array.Sort(_rows, 0, _count);
                foreach (var entry in _runs.Count == 0 ? _rows.Take(_count) : Merge())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Write(stream, entry);
                }

                stream.Flush();
                ((FileStream)stream.UnderlyingStream).Flush(flushToDisk: true);
            }

            File.Move(fresh, Path.Combine(folder, RowIndex.FileName), overwrite: true);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    public void Dispose()
    {
        foreach (var run in _runs)
        {
            File.Delete(run);
        }
    }

    /// <summary>Removes what a killed process left of its runs.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (var rest in Directory.EnumerateFiles(folder, $".{RowIndex.FileName}.*{Partial}"))
        {
            File.Delete(rest);
        }
    }

    private IEnumerable<RowEntry> Merge()
    {
        var sources = _runs.Select(ReadRun).Append(_rows.Take(_count)).Select(run => run.GetEnumerator()).ToList();
        try
        {
            var next = new PriorityQueue<IEnumerator<RowEntry>, RowEntry>();
            foreach (var source in sources.Where(source => source.MoveNext()))
            {
                next.Enqueue(source, source.Current);
            }

            while (next.TryDequeue(out var source, out var entry))
            {
                yield return entry;
                if (source.MoveNext())
                {
                    next.Enqueue(source, source.Current);
                }
            }
        }
        finally
        {
            sources.ForEach(source => source.Dispose());
        }
    }

    private void EndRun()
    {
        Array.Sort(_rows, 0, _count);
        var path = Path.Combine(folder, $".{RowIndex.FileName}.{_id}-{_runs.Count}{Partial}");
        _runs.Add(path);
        using var stream = Create(path);
        for (var row = 0; row < _count; row++)
        {
            Write(stream, _rows[row]);
        }

        _count = 0;
    }

    private static IEnumerable<RowEntry> ReadRun(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes);
        var entry = new byte[RowEntry.Bytes];
        while (stream.ReadAtLeast(entry, entry.Length, throwOnEndOfStream: false) == entry.Length)
        {
            yield return RowEntry.Read(entry);
        }
    }

    private static void Write(Stream stream, RowEntry entry)
    {
        Span<byte> bytes = stackalloc byte[RowEntry.Bytes];
        entry.Write(bytes);
        stream.Write(bytes);
    }

    private static BufferedStream Create(string path) => new(PrivateFiles.Open(path, FileMode.CreateNew, FileShare.None), BufferBytes);
}
