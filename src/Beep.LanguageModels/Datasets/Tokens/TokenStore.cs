using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Beep.Contracts;
using Beep.LanguageModels.Datasets.Findings;

namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>
/// Encoded rows in a file that is mapped into memory, so that any number of them can be visited in any order. Safe for
/// several readers at once.
/// </summary>
internal sealed unsafe class TokenStore : IDisposable
{
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly TokenStoreHeader _header;
    private readonly byte* _start;

    private TokenStore(string path, TokenStoreHeader header)
    {
        _path = path;
        _header = header;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    /// <summary>What the rows came to.</summary>
    public DataStatistics Statistics => _header.Statistics;

    /// <summary>How many rows there are.</summary>
    public long Rows => Statistics.Rows;

    /// <summary>How many tokens they have together.</summary>
    public long Tokens => Statistics.Tokens;

    /// <summary>On how many of them loss is taken; see <see cref="EncodedRow.TrainableTokens"/>.</summary>
    public long TrainableTokens => Statistics.TrainableTokens;

    /// <summary>What the rows were made of: a SHA-256.</summary>
    public ReadOnlySpan<byte> Key => _header.Key;

    /// <summary>What the rows are, by whatever program they were encoded: the SHA-256 of their ids and labels.</summary>
    public ReadOnlySpan<byte> Content => _header.Content;

    /// <summary>Opens a complete store.</summary>
    /// <exception cref="FaultException">It is missing or not a store.</exception>
    public static TokenStore Open(string path) => TryOpen(path)
        ?? throw Damaged(path, $"'{path}' is no complete store of tokens.");

    /// <summary>Opens a complete store, or gives null.</summary>
    public static TokenStore? TryOpen(string path)
    {
        try
        {
            TokenStoreHeader? header;
            using (var stream = File.OpenRead(path))
            {
                Span<byte> bytes = stackalloc byte[TokenStoreHeader.Size];
                header = TokenStoreHeader.Read(bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)], stream.Length);
            }

            return header is null ? null : new TokenStore(path, header);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Applies the policies to rows and writes those that take part; a crash leaves the old store or the new.</summary>
    /// <exception cref="FaultException">Rows are refused (exit code 20), and nothing is written.</exception>
    public static TokenStore Build(string path, IEnumerable<EncodedRow> rows, DataSpec policies, out DataStatistics statistics)
    {
        var log = new FindingLog();
        var policy = new RowPolicy(policies);
        Write(path, new byte[SHA256.HashSizeInBytes], writer =>
        {
            foreach (var row in rows)
            {
                if (policy.Apply(row, log) is { } kept && log.Errors == 0)
                {
                    writer.Append(kept);
                }
            }

            DatasetFaults.ThrowIfAny(log, path);
            return policy.Statistics;
        });
        statistics = policy.Statistics;
        return Open(path);
    }

    /// <summary>Writes a store under <paramref name="key"/>; <paramref name="fill"/> appends the rows and says what they came to.</summary>
    public static void Write(string path, byte[] key, Func<TokenStoreWriter, DataStatistics> fill)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(folder);
        DurableFile.Write(full, stream =>
        {
            using var writer = new TokenStoreWriter(stream, Path.Combine(folder, $".{Path.GetFileName(full)}.{Environment.ProcessId}.index.partial"));
            writer.Complete(key, fill(writer));
        });
    }

    /// <summary>How many tokens a row has.</summary>
    public int Length(long row) => BinaryPrimitives.ReadInt32LittleEndian(Entry(row)[16..]);

    /// <summary>On how many of them loss is taken.</summary>
    public int TrainableLength(long row) => BinaryPrimitives.ReadInt32LittleEndian(Entry(row)[20..]);

    /// <summary>The line of the dataset on which a row begins, from 1.</summary>
    public long Line(long row) => BinaryPrimitives.ReadInt64LittleEndian(Entry(row)[8..]);

    /// <summary>Copies a row; both spans hold at least <see cref="Length"/> numbers.</summary>
    public void Read(long row, Span<int> inputIds, Span<int> labels)
    {
        var entry = Entry(row);
        var offset = BinaryPrimitives.ReadInt64LittleEndian(entry);
        var length = BinaryPrimitives.ReadInt32LittleEndian(entry[16..]);
        if (length < 0 || offset < TokenStoreHeader.Size || offset + ((long)TokenStoreHeader.TokenSize * length) > _header.IndexOffset)
        {
            throw Damaged(_path, $"Row {row} of '{_path}' lies outside of the file.");
        }

        var bytes = sizeof(int) * length;
        MemoryMarshal.Cast<byte, int>(new ReadOnlySpan<byte>(_start + offset, bytes)).CopyTo(inputIds);
        MemoryMarshal.Cast<byte, int>(new ReadOnlySpan<byte>(_start + offset + bytes, bytes)).CopyTo(labels);
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static FaultException Damaged(string path, string message) =>
        FaultException.Failed("bad_token_store", message, "Delete it; it is made again from the dataset.", path);

    private ReadOnlySpan<byte> Entry(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
        return new ReadOnlySpan<byte>(_start + _header.IndexOffset + (TokenStoreHeader.IndexEntrySize * row), TokenStoreHeader.IndexEntrySize);
    }
}
