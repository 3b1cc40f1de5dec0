using Beep.Host.Datasets.Uploading;

namespace Beep.Host.Datasets.Archives;

/// <summary>Where the rows of an archive are put: one file, under a name of ours.</summary>
/// <param name="folder">A fresh one.</param>
/// <param name="limit">Of the file.</param>
/// <param name="create">Opens it.</param>
internal sealed class UnpackedFile(string folder, ByteLimit limit, Func<string, FileStream> create) : IDisposable
{
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private FileIntake? _file;
    private string? _first;
    private string? _end;
    private byte _last = (byte)'\n';

    /// <summary>What the file is called; null while there was none.</summary>
    public string? Name => _end is null ? null : "source" + _end;

    /// <summary>Bytes so far.</summary>
    public long Length => _file?.Length ?? 0;

    /// <summary>A file of rows begins: what is written next belongs to it.</summary>
    public void Begin(string name, string end)
    {
        if (_file is null)
        {
            (_first, _end) = (name, end);
            _file = new FileIntake(create(Path.Combine(folder, Name!)), limit);
        }
        else if (_end != ".jsonl" || end != _end)
        {
            throw ArchiveFaults.SeveralFiles(_first!, name);
        }
        else if (_last != '\n')
        {
            _file.Take("\n"u8);
        }
    }

    /// <summary>Copies what is left of a stream, and checks it against what the archive says of it.</summary>
    /// <param name="from">The content.</param>
    /// <param name="name">Of the file in the archive.</param>
    /// <param name="length">What it should be long; null where the archive does not say.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The checksum.</returns>
    public uint Copy(Stream from, string name, long? length, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 17];
        var crc = new Crc32();
        var copied = 0L;
        var isSecond = _file!.Length > 0;
        for (int read; (read = from.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = buffer.AsSpan(0, read);
            crc.Add(part);
            copied += read;
            if (copied > length)
            {
                break;
            }

            // The mark of one file is no text in the middle of another.
            _file.Take(copied == read && isSecond && part.StartsWith(Mark) ? part[Mark.Length..] : part);
            _last = part[^1];
        }

        return length is null || copied == length ? crc.Value : throw ArchiveFaults.WrongLength(name);
    }

    /// <summary>Brings it to the disk; the hash of it.</summary>
    /// <exception cref="Hosting.Http.HttpFaultException">422: there was none.</exception>
    public async Task<string> CompleteAsync(CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            throw ArchiveFaults.NoRows();
        }

        await _file.FlushAsync(cancellationToken);
        return _file.Sha256();
    }

    public void Dispose() => _file?.Dispose();
}
