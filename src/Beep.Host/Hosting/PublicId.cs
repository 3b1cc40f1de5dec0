using System.Security.Cryptography;

namespace Beep.Host.Hosting;

/// <summary>What things are known by outside: 16 hexadecimal digits, drawn at random, so that nobody can count or guess them.</summary>
internal static class PublicId
{
    public const int Length = 16;

    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Length / 2));

    /// <summary>Whether a text can be one; anything else names nothing and goes into no path.</summary>
    public static bool IsOne(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
