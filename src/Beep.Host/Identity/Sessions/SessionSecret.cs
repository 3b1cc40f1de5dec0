using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Beep.Host.Identity.Sessions;

/// <summary>What the cookie of a session holds: 256 random bits.</summary>
internal static class SessionSecret
{
    public const int Length = 43;
    private const int Bytes = 32;

    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    public static string CreatePublicId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Session.PublicIdLength / 2));

    public static bool IsOne(string? text) => text is { Length: Length } && Base64Url.IsValid(text);

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.ASCII.GetBytes(secret));
}
