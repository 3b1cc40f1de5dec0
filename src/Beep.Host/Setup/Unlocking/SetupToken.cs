using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Beep.Host.Hosting;

namespace Beep.Host.Setup.Unlocking;

/// <summary>What proves that somebody may set this host up: they read its console or its home. Made anew at each start; only its hash stays in memory.</summary>
internal sealed class SetupToken
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);
    private const int Bytes = 32;
    private const int LongestTry = 200;

    private readonly byte[] _hash;
    private readonly TimeProvider _time;

    private SetupToken(string text, TimeProvider time) => (_hash, _time, ExpiresAt) = (Hash(text), time, time.GetUtcNow() + Lifetime);

    public DateTimeOffset ExpiresAt { get; }

    public bool IsExpired => _time.GetUtcNow() >= ExpiresAt;

    /// <summary>Makes one and leaves it where the owner of the home can read it.</summary>
    public static (SetupToken Token, string Text) Issue(HostPaths paths, TimeProvider time)
    {
        var text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        AtomicFile.Write(paths.SetupToken, Encoding.ASCII.GetBytes(text + "\n"));
        return (new SetupToken(text, time), text);
    }

    /// <summary>Takes as long wherever the first difference is.</summary>
    public bool Matches(string text) => text.Length <= LongestTry && CryptographicOperations.FixedTimeEquals(Hash(text.Trim()), _hash);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
