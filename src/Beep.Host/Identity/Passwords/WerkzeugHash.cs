using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Beep.Host.Identity.Passwords;

/// <summary>A hash as the predecessor's library wrote it: <c>scrypt:32768:8:1$salt$hex</c> or <c>pbkdf2:sha256:260000$salt$hex</c>.</summary>
internal sealed class WerkzeugHash
{
    // What a hash from a file may cost at most: it is verified before anybody is known.
    private const int MostScryptBytes = 64 << 20;
    private const int MostParallelization = 4;
    private const int MostIterations = 2_000_000;

    private readonly Func<byte[], byte[]> _derive;
    private readonly byte[] _expected;

    private WerkzeugHash(Func<byte[], byte[]> derive, byte[] expected) => (_derive, _expected) = (derive, expected);

    /// <summary>Null when the text is none, or one that this program cannot or will not compute.</summary>
    public static WerkzeugHash? Parse(string text)
    {
        var parts = text.Split('$');
        if (parts.Length != 3 || parts[1].Length == 0 || parts[2].Length is < 32 or > 256 || parts[2].Length % 2 != 0 || !parts[2].All(char.IsAsciiHexDigit))
        {
            return null;
        }

        var (method, salt, expected) = (parts[0].Split(':'), Encoding.UTF8.GetBytes(parts[1]), Convert.FromHexString(parts[2]));
        switch (method)
        {
            case ["scrypt", var n, var r, var p] when Number(n) is { } cost and >= 2 && BitOperations.IsPow2(cost) && Number(r) is { } size and > 0
                && Number(p) is { } parallel and > 0 and <= MostParallelization && 128L * cost * size <= MostScryptBytes:
                return new WerkzeugHash(password => Scrypt.Derive(password, salt, cost, size, parallel, expected.Length), expected);
            case ["pbkdf2", var name, var rounds] when Algorithm(name) is { } algorithm && Number(rounds) is { } iterations and > 0 and <= MostIterations:
                return new WerkzeugHash(password => Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, algorithm, expected.Length), expected);
            default:
                return null;
        }
    }

    public bool Verify(string password) => CryptographicOperations.FixedTimeEquals(_derive(Encoding.UTF8.GetBytes(password)), _expected);

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static HashAlgorithmName? Algorithm(string name) => name switch
    {
        "sha256" => HashAlgorithmName.SHA256,
        "sha512" => HashAlgorithmName.SHA512,
        _ => null,
    };
}
