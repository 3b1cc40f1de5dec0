using System.Buffers;
using System.Security.Cryptography;

namespace Beep.Host.Datasets.Uploading;

/// <summary>
/// Writes what comes in to a file: counted, hashed and bounded, in two buffers of which one is filled and hashed while the other is
/// written. What is announced is not believed: the bytes that come decide.
/// </summary>
internal sealed class FileIntake : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly FileStream _file;
    private readonly ByteLimit _limit;
    private readonly IncrementalHash? _hash;
    private readonly bool _ownsHash;
    private byte[] _filling = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private byte[] _spare = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private Task _write = Task.CompletedTask;
    private long _written;
    private int _filled;

    /// <param name="file">To write to, from where it stands; closed with this.</param>
    /// <param name="limit">Of the whole file.</param>
    /// <param name="hash">Where an earlier part of the file is in it already; null for one of this file's own.</param>
    public FileIntake(FileStream file, ByteLimit limit, IncrementalHash? hash = null)
    {
        (_file, _limit, _written) = (file, limit, file.CanSeek ? file.Length : 0);
        _ownsHash = hash is null;
        _hash = hash ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    /// <summary>Bytes of the file so far.</summary>
    public long Length => _written + _filled;

    /// <summary>Takes the rest of a stream.</summary>
    /// <exception cref="BadHttpRequestException">The stream is a request that came too slowly or broke off.</exception>
    public async Task TakeAsync(Stream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await stream.ReadAsync(_filling.AsMemory(_filled, BufferBytes - _filled), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return;
            }

            _filled += read;
            if (Length > _limit.Bytes)
            {
                throw _limit.Refuse();
            }

            if (_filled == BufferBytes)
            {
                await SwapAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes bytes.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var part = Math.Min(bytes.Length, BufferBytes - _filled);
            bytes[..part].CopyTo(_filling.AsSpan(_filled));
            _filled += part;
            bytes = bytes[part..];
            if (Length > _limit.Bytes)
            {
                throw _limit.Refuse();
            }

            if (_filled == BufferBytes)
            {
                SwapAsync(CancellationToken.None).GetAwaiter().GetResult();
            }
        }
    }

    /// <summary>Brings all of it to the disk.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await SwapAsync(cancellationToken).ConfigureAwait(false);
        await _write.ConfigureAwait(false);
        await Task.Run(() => _file.Flush(flushToDisk: true), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Waits until nothing is being written any more; what was not written by then is forgotten.</summary>
    public async Task SettleAsync()
    {
        _filled = 0;
        await _write.ConfigureAwait(false);
    }

    /// <summary>SHA-256 of what was taken, in hexadecimal digits; it goes on from there.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash!.GetCurrentHash());

    public void Dispose()
    {
        try
        {
            _write.GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // What failed was said where it was waited for; the file is removed by whoever made it.
        }

        _file.Dispose();
        ArrayPool<byte>.Shared.Return(_filling);
        ArrayPool<byte>.Shared.Return(_spare);
        if (_ownsHash)
        {
            _hash?.Dispose();
        }
    }

    private async Task SwapAsync(CancellationToken cancellationToken)
    {
        await _write.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var part = _filling.AsMemory(0, _filled);
        _write = part.Length == 0 ? Task.CompletedTask : Task.Run(() => _file.Write(part.Span), CancellationToken.None);
        _hash!.AppendData(part.Span);
        (_filling, _spare) = (_spare, _filling);
        (_written, _filled) = (_written + part.Length, 0);
    }
}
