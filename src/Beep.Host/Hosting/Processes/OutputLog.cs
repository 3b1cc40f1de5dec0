using System.Text;

namespace Beep.Host.Hosting.Processes;

/// <summary>Appends a worker's stdout and stderr to <c>output.log</c> up to a bound, and remembers the end for a report.</summary>
internal sealed class OutputLog : IDisposable
{
    // Of each so many are counted as are come to: a machine that stands still meanwhile costs one.
    private const int MostLooks = 40;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>The largest file: what comes after is read, so that the worker never waits, and left out.</summary>
    public const long MaxBytes = 64L << 20;

    private const int TailBytes = 8 << 10;

    private readonly FileStream _stream;
    private readonly Lock _gate = new();
    private readonly byte[] _tail = new byte[TailBytes];
    private readonly long _maxBytes;
    private int _tailLength;
    private bool _isFull;

    public OutputLog(string path, long maxBytes = MaxBytes)
    {
        _stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        _maxBytes = maxBytes;
    }

    /// <summary>Copies a stream to its end.</summary>
    public Task CopyFromAsync(Stream source, CancellationToken cancellationToken) => CopyAsync(source, [this], cancellationToken);

    /// <summary>Copies a stream to its end into each of the logs.</summary>
    public static async Task CopyAsync(Stream source, IReadOnlyList<OutputLog> logs, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 << 10];
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            foreach (var log in logs)
            {
                log.Append(buffer.AsSpan(0, read));
            }
        }
    }

    /// <summary>
    /// Waits until all is copied that a process printed which has ended. A descendant that cannot be ended may hold its pipes open for
    /// good: they are let go after two seconds in which there was time to copy, and so is the other one of a pipe that broke.
    /// </summary>
    public static async Task DrainAsync(Task copied, CancellationTokenSource pipes, TimeProvider time)
    {
        for (var look = 0; look < MostLooks && !copied.IsCompleted; look++)
        {
            await Task.WhenAny(copied, Task.Delay(Look, time)).ConfigureAwait(false);
        }

        try
        {
            if (copied.IsCompleted)
            {
                await copied.ConfigureAwait(false);
                return;
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // One of them broke: the end of the other is not waited for.
        }

        await pipes.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>The last lines, oldest first, without control characters.</summary>
    public IReadOnlyList<string> LastLines(int count)
    {
        lock (_gate)
        {
            return [.. Encoding.UTF8.GetString(_tail, 0, _tailLength)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .TakeLast(count)
                .Select(PlainText.Clean)];
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Appends what came, up to the bound.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            Remember(bytes);
            if (_isFull)
            {
                return;
            }

            try
            {
                if (_stream.Position + bytes.Length > _maxBytes)
                {
                    _isFull = true;
                    bytes = Encoding.UTF8.GetBytes($"\n(output beyond {_maxBytes:N0} bytes is left out)\n");
                }

                _stream.Write(bytes);
            }
            catch (IOException)
            {
                // A full disk must not stop the draining: a worker that waits for its reader would hang instead of failing by itself.
                _isFull = true;
            }
        }
    }

    private void Remember(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= TailBytes)
        {
            bytes[^TailBytes..].CopyTo(_tail);
            _tailLength = TailBytes;
            return;
        }

        var kept = Math.Min(_tailLength, TailBytes - bytes.Length);
        _tail.AsSpan(_tailLength - kept, kept).CopyTo(_tail);
        bytes.CopyTo(_tail.AsSpan(kept));
        _tailLength = kept + bytes.Length;
    }
}
