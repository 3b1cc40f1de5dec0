using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Beep.Host.Identity.External.Protocol;

/// <summary>Secrets of one attempt to sign in.</summary>
internal static class ProofKey
{
    /// <summary>256 random bits in 43 characters that may stand in an address: a state, a nonce, a verifier (RFC 7636, 4.1).</summary>
    public static string Create() => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is sent ahead of a verifier (RFC 7636, S256).</summary>
    public static string ChallengeOf(string verifier) => Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
}
