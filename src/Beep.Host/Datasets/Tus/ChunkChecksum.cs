using System.Security.Cryptography;
using Beep.Host.Hosting.Http;

namespace Beep.Host.Datasets.Tus;

/// <summary>What a part of an upload should come to: <c>Upload-Checksum</c>.</summary>
internal sealed class ChunkChecksum : IDisposable
{
    /// <summary>What is known, as <c>Tus-Checksum-Algorithm</c> lists it.</summary>
    public const string Algorithms = "sha1,sha256,md5";

    private readonly IncrementalHash _hash;
    private readonly byte[] _expected;

    private ChunkChecksum(HashAlgorithmName algorithm, byte[] expected) => (_hash, _expected) = (IncrementalHash.CreateHash(algorithm), expected);

    /// <summary>Null where none was sent.</summary>
    /// <exception cref="HttpFaultException">400.</exception>
    public static ChunkChecksum? Read(string? header)
    {
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        var (word, value) = header.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? (header[..space], header[(space + 1)..]) : (header, "");
        HashAlgorithmName? algorithm = word switch
        {
            "sha1" => HashAlgorithmName.SHA1,
            "sha256" => HashAlgorithmName.SHA256,
            "md5" => HashAlgorithmName.MD5,
            _ => null,
        };
        var bytes = new byte[header.Length];
        return algorithm is { } known && Convert.TryFromBase64String(value, bytes, out var length)
            ? new ChunkChecksum(known, bytes[..length])
            : throw HttpFaultException.BadRequest("bad_checksum", "Upload-Checksum cannot be read.", $"Send one of {Algorithms}, a space and the checksum in Base64.", "Upload-Checksum");
    }

    public bool IsRight => CryptographicOperations.FixedTimeEquals(_hash.GetCurrentHash(), _expected);

    /// <summary>The same stream, hashed as it is read.</summary>
    public Stream Watch(Stream stream) => new Watched(stream, _hash);

    public void Dispose() => _hash.Dispose();

    private sealed class Watched(Stream inner, IncrementalHash hash) : Archives.ForwardStream
    {
        public override int Read(Span<byte> buffer) => throw new NotSupportedException("Requests are read asynchronously.");

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            hash.AppendData(buffer.Span[..read]);
            return read;
        }
    }
}
