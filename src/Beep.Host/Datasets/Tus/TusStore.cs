using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Beep.Host.Datasets.Uploading;
using Beep.Host.Hosting;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Tus;

/// <summary>
/// Uploads in folders: what they are, and the bytes so far. All that is needed to go on is there, so that the end of a server ends none;
/// only the running hash is in memory, and is taken again from the bytes where it was lost.
/// </summary>
internal sealed class TusStore(HostPaths paths, DatasetOptions options, TimeProvider time)
{
    private const string Info = "info.json";
    private const string Data = "data";
    // How long the file was before a part with a checksum: what came of that part is not believed until it has been checked.
    private const string Unchecked = "unchecked";

    private readonly ConcurrentDictionary<string, byte> _locks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (IncrementalHash Hash, long Length)> _hashes = new(StringComparer.Ordinal);

    public static string NewId() => PublicId.New();

    public void Create(TusUpload upload)
    {
        PrivateFiles.CreateFolder(paths.Uploads);
        PrivateFiles.CreateFolder(FolderOf(upload.Id));
        using (PrivateFiles.Open(DataOf(upload.Id), FileMode.CreateNew, FileShare.None))
        {
        }

        Write(upload);
    }

    public void Write(TusUpload upload) => AtomicFile.Write(Path.Combine(FolderOf(upload.Id), Info), JsonSerializer.SerializeToUtf8Bytes(upload));

    /// <summary>Null when there is none.</summary>
    public TusUpload? Find(string id)
    {
        try
        {
            return PublicId.IsOne(id) ? JsonSerializer.Deserialize<TusUpload>(File.ReadAllBytes(Path.Combine(FolderOf(id), Info))) : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>A user's, newest first.</summary>
    public IReadOnlyList<TusUpload> List(long ownerId) => !Directory.Exists(paths.Uploads) ? [] :
        [.. Directory.EnumerateDirectories(paths.Uploads).Select(folder => Find(Path.GetFileName(folder))).OfType<TusUpload>().Where(upload => upload.OwnerId == ownerId).OrderByDescending(upload => upload.CreatedAt)];

    /// <summary>How many bytes there are that are believed.</summary>
    public long Offset(TusUpload upload)
    {
        if (upload.IsFinished)
        {
            return upload.Length;
        }

        if (_locks.TryAdd(upload.Id, 0))
        {
            using var held = new Unlock(this, upload.Id);
            Settle(upload.Id);
        }

        return Written(upload);
    }

    /// <summary>As the other, for whoever holds the lock.</summary>
    public long OffsetLocked(TusUpload upload)
    {
        if (!upload.IsFinished)
        {
            Settle(upload.Id);
        }

        return upload.IsFinished ? upload.Length : Written(upload);
    }

    private long Written(TusUpload upload) => new FileInfo(DataOf(upload.Id)) is { Exists: true } file ? file.Length : 0;

    /// <summary>When it is removed unless somebody goes on with it.</summary>
    public DateTimeOffset ExpiresAt(TusUpload upload)
    {
        var file = new FileInfo(DataOf(upload.Id));
        var touched = file.Exists ? new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero) : upload.CreatedAt;
        return (touched > upload.CreatedAt ? touched : upload.CreatedAt) + options.UploadExpiry;
    }

    public bool IsLocked(string id) => _locks.ContainsKey(id);

    /// <summary>For whoever changes it: one at a time.</summary>
    /// <exception cref="HttpFaultException">423.</exception>
    public IDisposable Lock(string id) => _locks.TryAdd(id, 0)
        ? new Unlock(this, id)
        : throw new HttpFaultException(StatusCodes.Status423Locked, new Contracts.Fault("upload_locked", "Another request is writing to this upload.", "Try again in a moment."));

    /// <summary>Opens the bytes to go on writing.</summary>
    public FileStream OpenToAppend(TusUpload upload)
    {
        try
        {
            var file = PrivateFiles.Open(DataOf(upload.Id), FileMode.Open, FileShare.None);
            file.Seek(0, SeekOrigin.End);
            return file;
        }
        catch (IOException error) when (error is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new HttpFaultException(StatusCodes.Status423Locked, new Contracts.Fault("upload_locked", "Another server is writing to this upload.", "Try again in a moment."));
        }
    }

    /// <summary>The hash of the bytes so far, where it is known; it belongs to the caller until it is given back.</summary>
    public IncrementalHash? TakeHash(string id, long length)
    {
        if (length == 0)
        {
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }

        if (!_hashes.TryRemove(id, out var known))
        {
            return null;
        }

        if (known.Length == length)
        {
            return known.Hash;
        }

        known.Hash.Dispose();
        return null;
    }

    public void GiveHash(string id, IncrementalHash hash, long length)
    {
        if (!_hashes.TryAdd(id, (hash, length)))
        {
            hash.Dispose();
        }
    }

    /// <summary>The hash of all bytes: the running one, or where it was lost with a server, taken anew.</summary>
    public async Task<string> HashAsync(TusUpload upload, CancellationToken cancellationToken)
    {
        using var known = TakeHash(upload.Id, upload.Length);
        if (known is not null)
        {
            return Convert.ToHexStringLower(known.GetCurrentHash());
        }

        await using var file = new FileStream(DataOf(upload.Id), FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }

    /// <summary>Says that what comes from here on is to be checked.</summary>
    public void BeginUnchecked(string id, long length) => AtomicFile.Write(Path.Combine(FolderOf(id), Unchecked), BitConverter.GetBytes(length));

    public void EndUnchecked(string id) => File.Delete(Path.Combine(FolderOf(id), Unchecked));

    /// <summary>Cuts off what was not checked, as where a server ended in the middle; for whoever holds the lock.</summary>
    public void Settle(string id)
    {
        var mark = Path.Combine(FolderOf(id), Unchecked);
        if (!File.Exists(mark))
        {
            return;
        }

        using (var file = PrivateFiles.Open(DataOf(id), FileMode.Open, FileShare.None))
        {
            file.SetLength(Math.Min(file.Length, BitConverter.ToInt64(File.ReadAllBytes(mark))));
        }

        File.Delete(mark);
    }

    public void Delete(string id)
    {
        if (_hashes.TryRemove(id, out var hash))
        {
            hash.Hash.Dispose();
        }

        if (PublicId.IsOne(id) && Directory.Exists(FolderOf(id)))
        {
            Directory.Delete(FolderOf(id), recursive: true);
        }
    }

    /// <summary>Of an upload that is finished: what became of it is kept for a while, the bytes are elsewhere.</summary>
    public void RemoveBytes(string id)
    {
        File.Delete(DataOf(id));
        var staged = Path.Combine(FolderOf(id), SourceIntake.Staged);
        if (Directory.Exists(staged))
        {
            Directory.Delete(staged, recursive: true);
        }
    }

    /// <summary>Removes uploads that nobody goes on with, and what killed servers left; returns how many.</summary>
    public int RemoveStale(CancellationToken cancellationToken)
    {
        var count = 0;
        var now = time.GetUtcNow();
        foreach (var folder in Directory.Exists(paths.Uploads) ? Directory.GetDirectories(paths.Uploads) : [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            var id = Path.GetFileName(folder);
            var isStale = Find(id) is { } upload ? ExpiresAt(upload) < now : LastTouched(folder) + options.UploadExpiry < now;
            if (isStale && !IsLocked(id))
            {
                Delete(id);
                count++;
            }
        }

        return count;
    }

    public string FolderOf(string id) => Path.Combine(paths.Uploads, id);

    public string DataOf(string id) => Path.Combine(FolderOf(id), Data);

    private static DateTimeOffset LastTouched(string folder) =>
        new(new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(entry => entry.LastWriteTimeUtc).Append(Directory.GetLastWriteTimeUtc(folder)).Max(), TimeSpan.Zero);

    private sealed class Unlock(TusStore store, string id) : IDisposable
    {
        public void Dispose() => store._locks.TryRemove(id, out _);
    }
}
