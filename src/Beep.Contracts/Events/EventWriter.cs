using System.Text.Json;

namespace Beep.Contracts;

/// <summary>Appends to <c>events.jsonl</c>. One writer a folder; numbers go on from the last whole line, a torn one is removed.</summary>
public sealed class EventWriter : IDisposable
{
    private const int Newline = '\n';

    private readonly FileStream _worker;
    private readonly FileStream _stream;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <summary>Opens the file for appending, or makes it.</summary>
    /// <exception cref="IOException">The folder is read-only or another worker writes.</exception>
    public EventWriter(JobFolder folder, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _time = time;

        // Apart from the events, which others may read while they are written.
        _worker = new FileStream(folder.WorkerLock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            LastSeq = ReadLastSeq(folder.Events, out var wholeLength);
            _stream = new FileStream(folder.Events, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
            _stream.SetLength(wholeLength);
            _stream.Seek(0, SeekOrigin.End);
        }
        catch
        {
            _stream?.Dispose();
            _worker.Dispose();
            throw;
        }
    }

    /// <summary>The number of the newest event; 0 before the first.</summary>
    public long LastSeq { get; private set; }

    /// <summary>Numbers, dates and appends the event in one write, and returns it as written.</summary>
    public T Write<T>(T jobEvent)
        where T : JobEvent
    {
        lock (_gate)
        {
            var numbered = jobEvent with { Seq = LastSeq + 1, At = _time.GetUtcNow() };
            var json = JsonSerializer.SerializeToUtf8Bytes(numbered, ContractJson.Line.JobEvent);
            byte[] line = [.. json, Newline];
            var start = _stream.Position;
            try
            {
                _stream.Write(line);
            }
            catch (IOException)
            {
                // A full disk may take part of the line; readers would tolerate it, the next line would not.
                _stream.SetLength(start);
                _stream.Seek(start, SeekOrigin.Begin);
                throw;
            }

            LastSeq = numbered.Seq;
            return numbered;
        }
    }

    /// <summary>Sees to it that what was written survives a power cut.</summary>
    public void Flush() => _stream.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _worker.Dispose();
    }

    private static long ReadLastSeq(string path, out long wholeLength)
    {
        wholeLength = 0;
        if (!File.Exists(path))
        {
            return 0;
        }

        var last = 0L;
        foreach (var line in EventReader.ReadFrom(path))
        {
            wholeLength = line.NextOffset;
            last = Math.Max(last, line.Event?.Seq ?? 0);
        }

        return last;
    }
}
