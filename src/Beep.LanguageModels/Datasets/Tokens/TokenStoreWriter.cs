using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>Writes rows to a token store one after the other. The index waits in a file of its own, so memory stays small.</summary>
internal sealed class TokenStoreWriter : IDisposable
{
    private readonly FileStream _store;
    private readonly FileStream _index;
    private readonly IncrementalHash _content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _offset = TokenStoreHeader.Size;

    /// <summary>Begins a store in an empty file; <paramref name="indexPath"/> names a file that goes away with the writer.</summary>
    public TokenStoreWriter(FileStream store, string indexPath)
    {
        _store = store;
        _index = new FileStream(indexPath, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        _store.Write(new byte[TokenStoreHeader.Size]);
    }

    public void Append(EncodedRow row)
    {
        Span<byte> entry = stackalloc byte[TokenStoreHeader.IndexEntrySize];
        BinaryPrimitives.WriteInt64LittleEndian(entry, _offset);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], row.Line);
        BinaryPrimitives.WriteInt32LittleEndian(entry[16..], row.InputIds.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry[20..], row.TrainableTokens);
        _index.Write(entry);
        _content.AppendData(entry[16..]);
        Put(MemoryMarshal.AsBytes<int>(row.InputIds));
        Put(MemoryMarshal.AsBytes<int>(row.Labels));
        _offset += (long)TokenStoreHeader.TokenSize * row.InputIds.Length;
    }

    /// <summary>Appends the index and fills in the header.</summary>
    public void Complete(byte[] key, DataStatistics statistics)
    {
        _index.Position = 0;
        _index.CopyTo(_store);
        _store.Position = 0;
        _store.Write(new TokenStoreHeader(key, statistics, _offset, _content.GetHashAndReset()).Write());
    }

    public void Dispose()
    {
        _index.Dispose();
        _content.Dispose();
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _content.AppendData(bytes);
        _store.Write(bytes);
    }
}
