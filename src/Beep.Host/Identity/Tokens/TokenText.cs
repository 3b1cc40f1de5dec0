using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Beep.Host.Identity.Tokens;

/// <summary>How a token is written: <c>ftk_</c>, eight characters that name it, 43 random ones, and a checksum by which scanners know it.</summary>
internal static class TokenText
{
    public const string Prefix = "ftk_";
    public const int IdLength = 8;
    private const int RandomBytes = 32;
    private const int RandomLength = 43;
    private const int ChecksumLength = 8;
    private const int Length = 4 + IdLength + 1 + RandomLength + 1 + ChecksumLength;
    // Neither 0 and o nor 1 and l, which people read wrongly.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create(Alphabet);

    public static (string Id, string Text) Create()
    {
        var id = RandomNumberGenerator.GetString(Alphabet, IdLength);
        var body = $"{Prefix}{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes))}";
        return (id, $"{body}_{Checksum(body)}");
    }

    /// <summary>The part that names it; null when the text is no token.</summary>
    public static string? FindId(string text) =>
        text.Length == Length && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length + IdLength] == '_' && text[^(ChecksumLength + 1)] == '_'
        && !text.AsSpan(Prefix.Length, IdLength).ContainsAnyExcept(IdCharacters)
        && text.AsSpan(text.Length - ChecksumLength).SequenceEqual(Checksum(text[..^(ChecksumLength + 1)]))
            ? text.Substring(Prefix.Length, IdLength)
            : null;

    public static byte[] Hash(string text) => SHA256.HashData(Encoding.ASCII.GetBytes(text));

    /// <summary>CRC-32 as in zip files.</summary>
    private static string Checksum(string body)
    {
        var crc = uint.MaxValue;
        foreach (var c in body)
        {
            crc ^= (byte)c;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0xEDB88320u);
            }
        }

        return (~crc).ToString("x8", CultureInfo.InvariantCulture);
    }
}
