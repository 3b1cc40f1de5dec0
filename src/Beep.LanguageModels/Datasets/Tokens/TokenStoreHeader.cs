using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Beep.LanguageModels.Datasets.Tokens;

/// <summary>The first bytes of a token store. All numbers are little-endian.</summary>
/// <param name="Key">What the rows were made of: 32 bytes.</param>
/// <param name="Statistics">What they came to.</param>
/// <param name="IndexOffset">Where the index begins; the rows lie between it and the header.</param>
/// <param name="Content">What the rows are: the SHA-256 of their ids and labels.</param>
internal sealed record TokenStoreHeader(byte[] Key, DataStatistics Statistics, long IndexOffset, byte[] Content)
{
    public const int Size = ContentOffset + SHA256.HashSizeInBytes;

    /// <summary>An index entry: offset and line (8 bytes each), tokens and trainable tokens (4 each).</summary>
    public const int IndexEntrySize = 24;

    /// <summary>Bytes a token takes: its id and its label.</summary>
    public const int TokenSize = 8;

    private const int Version = 2;
    private const int ContentOffset = 104;

    private static ReadOnlySpan<byte> Magic => "BEEPTOKN"u8;

    public byte[] Write()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        Key.CopyTo(bytes.AsSpan(16));
        var (rows, tokens, trainable, truncated, dropped, untrainable) = Statistics;
        long[] numbers = [rows, tokens, trainable, truncated, dropped, untrainable, IndexOffset];
        for (var index = 0; index < numbers.Length; index++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48 + (8 * index)), numbers[index]);
        }

        Content.CopyTo(bytes.AsSpan(ContentOffset));
        return bytes;
    }

    /// <summary>Reads a header; null when it is none, or does not agree with the length of the file.</summary>
    public static TokenStoreHeader? Read(ReadOnlySpan<byte> bytes, long fileLength)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != Version)
        {
            return null;
        }

        var numbers = new long[7];
        for (var index = 0; index < numbers.Length; index++)
        {
            numbers[index] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(48 + (8 * index))..]);
        }

        var statistics = new DataStatistics(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        var isWhole = statistics is { Rows: >= 0, Tokens: >= 0 }
            && statistics.Rows <= fileLength / IndexEntrySize
            && statistics.Tokens <= fileLength / TokenSize
            && numbers[6] == Size + (TokenSize * statistics.Tokens)
            && fileLength == numbers[6] + (IndexEntrySize * statistics.Rows);
        return isWhole ? new TokenStoreHeader(bytes.Slice(16, SHA256.HashSizeInBytes).ToArray(), statistics, numbers[6], bytes.Slice(ContentOffset, SHA256.HashSizeInBytes).ToArray()) : null;
    }
}
