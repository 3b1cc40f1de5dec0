using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Beep.Contracts;
using Beep.Host.Hosting;
using Beep.Host.Tasks;

namespace Beep.Host.Jobs.Artifacts;

/// <summary>
/// The files that came out of jobs. What callers name is looked up among what is there and never made into a path, so that a name cannot
/// lead elsewhere; links are not followed.
/// </summary>
internal sealed class ArtifactStore(HostPaths paths)
{
    private const string Partial = ".partial";
    private const int BufferBytes = 1 << 17;
    private static readonly EnumerationOptions Plain = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    private readonly Lock _keeping = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _hashing = new(StringComparer.Ordinal);

    /// <summary>Every complete one, in the order of their names.</summary>
    public IReadOnlyList<ArtifactOnDisk> List(string jobId)
    {
        var root = new DirectoryInfo(new JobFolder(paths.Job(jobId)).Artifacts);
        if (!root.Exists || root.LinkTarget is not null)
        {
            return [];
        }

        return [.. root.EnumerateFileSystemInfos()
            .Where(entry => entry.LinkTarget is null && !entry.Name.StartsWith('.') && !entry.Name.EndsWith(Partial, StringComparison.Ordinal) && entry.Name.Length <= Stored.Artifact.LongestName)
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => entry is DirectoryInfo folder
                ? new ArtifactOnDisk(entry.Name, entry.FullName, IsFolder: true, FilesOf(folder))
                : new ArtifactOnDisk(entry.Name, entry.FullName, IsFolder: false, [new ArtifactFile(entry.Name, (FileInfo)entry)]))];
    }

    public ArtifactOnDisk? Find(string jobId, string name) => List(jobId).FirstOrDefault(artifact => artifact.Name == name);

    /// <summary>SHA-256 of a file, worked out once for as long as it is not changed.</summary>
    public async Task<string> HashAsync(string jobId, ArtifactFile file, CancellationToken cancellationToken)
    {
        var key = KeyOf(file.Info);
        if (Known(jobId).TryGetValue(key, out var known))
        {
            return known;
        }

        // Who asks meanwhile gets the same answer, and one who goes away does not stop it for the others.
        var hashing = _hashing.GetOrAdd(key, _ => new Lazy<Task<string>>(() => Task.Run(() => WorkOutAsync(jobId, key, file.Info))));
        return await hashing.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>SHA-256 of a file where it was worked out before.</summary>
    public string? KnownHash(string jobId, ArtifactFile file) => Known(jobId).GetValueOrDefault(KeyOf(file.Info));

    /// <summary>SHA-256 over those of the files, in the order of their names.</summary>
    public async Task<string> HashAsync(string jobId, ArtifactOnDisk artifact, CancellationToken cancellationToken)
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in artifact.Files)
        {
            whole.AppendData(Convert.FromHexString(await HashAsync(jobId, file, cancellationToken).ConfigureAwait(false)));
        }

        return Convert.ToHexStringLower(whole.GetHashAndReset());
    }

    private static List<ArtifactFile> FilesOf(DirectoryInfo folder) =>
        [.. folder.EnumerateFiles("*", Plain).Select(file => new ArtifactFile(Path.GetRelativePath(folder.FullName, file.FullName).Replace('\\', '/'), file)).OrderBy(file => file.Name, StringComparer.Ordinal)];

    private async Task<string> WorkOutAsync(string jobId, string key, FileInfo file)
    {
        try
        {
            var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await using var _ = stream.ConfigureAwait(false);
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, CancellationToken.None).ConfigureAwait(false));
            Keep(jobId, key, hash);
            return hash;
        }
        finally
        {
            _hashing.TryRemove(key, out var _);
        }
    }

    /// <summary>A file that is changed, or another of the same name, has another key.</summary>
    private static string KeyOf(FileInfo file) => FormattableString.Invariant($"{file.FullName}|{file.Length}|{file.LastWriteTimeUtc.Ticks}");

    private string HashesOf(string jobId) => Path.Combine(paths.RunCache(jobId), "artifacts.json");

    private Dictionary<string, string> Known(string jobId)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(HashesOf(jobId)), TaskJson.Options) ?? [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    private void Keep(string jobId, string key, string hash)
    {
        lock (_keeping)
        {
            var known = Known(jobId);
            foreach (var gone in known.Keys.Where(old => !File.Exists(old.Split('|')[0])).ToList())
            {
                known.Remove(gone);
            }

            known[key] = hash;
            try
            {
                AtomicFile.Write(HashesOf(jobId), JsonSerializer.SerializeToUtf8Bytes(known, TaskJson.Options));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is worked out again next time.
            }
        }
    }
}
